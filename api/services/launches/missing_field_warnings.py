"""Check before a launch whether emails would fail: a dynamic field has no value, or a field prompt is left."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from api.mail.message.compose import EmailContent
from api.models import Person, Sender, Step
from api.services.common.context import WorkspaceContext
from api.services.templates.email_content import ContentLoader, fields_of
from api.services.templates.rendering import fields_in, find_blockers
from strategies import StepType, WarningNote
from strategies.calendar import local
from strategies.warning_codes import WarningCode

NOT_ENROLLED = ""
"""Enrollment id of people who are not enrolled yet."""


async def missing_field_warnings(
    context: WorkspaceContext, steps: Sequence[Step], people: Sequence[Person], sender: Sender
) -> list[WarningNote]:
    """Return warnings about emails that would fail: for each field or prompt, the number of people."""
    emails = [step for step in steps if step.type is StepType.EMAIL]
    launched = max((step.added_revision or 0 for step in steps), default=0)
    library = replace(await ContentLoader.load([step.id for step in emails], ()), launched={NOT_ENROLLED: launched})
    contents = [library.content(step) for step in emails]
    now = local(context.now, sender.zone)
    own = context.workspace_id
    used = frozenset().union(*[await fields_in(own, text) for each in contents for text in _texts(each)])
    shapes: Counter[frozenset[str]] = Counter()
    examples: dict[frozenset[str], Mapping[str, str]] = {}
    for person in people:
        fields = fields_of(person, sender.name, sender.email, context.page_link(person))
        # People with values for the same fields share one check.
        shape = frozenset(name for name in used if fields.get(name, "").strip())
        shapes[shape] += 1
        examples.setdefault(shape, fields)
    warnings = []
    for step, content in zip(emails, contents, strict=True):
        counts: Counter[str] = Counter()
        left: Counter[str] = Counter()
        stopping = await find_blockers(
            own, content, [*examples.values()], now, library.quoted_email(step, NOT_ENROLLED)
        )
        for number, (missing, prompts) in zip(shapes.values(), stopping, strict=True):
            counts.update(dict.fromkeys(missing, number))
            left.update(dict.fromkeys(prompts, number))
        warnings += [
            WarningCode.FIELD_WITHOUT_VALUE.note(step=step.number, field=name, missing=number, people=len(people))
            for name, number in sorted(counts.items())
        ]
        if step.send_option != "task":  # a rep replaces the prompts of a task's email
            warnings += [
                WarningCode.FIELD_PROMPT_LEFT.note(step=step.number, prompt=prompt, people=number)
                for prompt, number in sorted(left.items())
            ]
    return warnings


def _texts(content: EmailContent) -> Iterator[str]:
    yield content.subject
    yield content.html
    if content.text is not None:
        yield content.text
