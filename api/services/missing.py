"""Before launching: whose emails would fail, because a dynamic field has neither a value nor a default."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from api.mail.compose import Content, Earlier, compose
from api.mail.render import TemplateProblem, UnresolvedFieldError, fields_in
from api.models import Person, Sender, Step
from api.services.content import Library, fields_of
from api.services.scope import Scope
from strategies import StepType, WarningNote

NOBODY = ""
"""Stands for the enrollments that are not there yet."""


async def missing_warnings(
    scope: Scope, steps: Sequence[Step], people: Sequence[Person], sender: Sender
) -> list[WarningNote]:
    """Return, for each email and field, how many of these people have no value for it where it has no default."""
    emails = [step for step in steps if step.type is StepType.EMAIL]
    library = replace(await Library.load([step.id for step in emails], ()), launched={NOBODY: scope.now})
    contents = [library.content(step) for step in emails]
    used = frozenset().union(*(fields_in(text) for each in contents for text in _texts(each)))
    shapes: Counter[frozenset[str]] = Counter()
    examples: dict[frozenset[str], Mapping[str, str]] = {}
    for person in people:
        fields = fields_of(person, sender.name, sender.email)
        # Whoever has values for the same fields needs to be looked at once.
        shape = frozenset(name for name in used if fields.get(name, "").strip())
        shapes[shape] += 1
        examples.setdefault(shape, fields)
    warnings = []
    for step, content in zip(emails, contents, strict=True):
        counts: Counter[str] = Counter()
        for shape, number in shapes.items():
            for name in _missing(content, examples[shape], library.earlier(step, NOBODY)):
                counts[name] += number
        warnings += [
            WarningNote(
                "FIELD_WITHOUT_VALUE",
                {"step": step.number, "field": name, "missing": number, "people": len(people)},
            )
            for name, number in sorted(counts.items())
        ]
    return warnings


def _texts(content: Content) -> Iterator[str]:
    yield content.subject
    yield content.html
    if content.text is not None:
        yield content.text


def _missing(content: Content, fields: Mapping[str, str], earlier: Earlier | None) -> Iterator[str]:
    """Give the fields that stop this email, one after the other."""
    known = dict(fields)
    while True:
        try:
            compose(content, known, earlier)
        except UnresolvedFieldError as problem:
            if known.get(problem.field, "").strip():
                return  # a part of a value, which no person's fields have
            yield problem.field
            known[problem.field] = "x"
        except TemplateProblem:
            return
        else:
            return
