"""Check before a launch whether emails would fail: a dynamic field has no value, or a field prompt is left."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from api.mail.message.compose import EmailContent
from api.models import Person, Sender, Step
from api.services.common.request_context import WorkspaceContext
from api.services.launches.first_emails import without_own_text
from api.services.templates.email_content import fields_of
from api.services.templates.future_content import NOT_ENROLLED, content_before_launch
from api.services.templates.rendering import fields_in, find_blockers
from api.services.templates.sender_texts import sender_texts
from api.services.templates.template_inputs import WrittenText
from strategies import StepType, WarningNote
from strategies.calendar import local
from strategies.sentences.warning_codes import WarningCode


async def missing_field_warnings(
    context: WorkspaceContext,
    steps: Sequence[Step],
    people: Sequence[Person],
    sender: Sender,
    first_emails: Mapping[str, WrittenText],
) -> list[WarningNote]:
    """Return warnings about emails that would fail: for each field or prompt, the number of people.

    ``first_emails`` are those that a rep has written, by person. People with such HTML do not count in the first step.
    """
    emails = [step for step in steps if step.type is StepType.EMAIL]
    texts = sender_texts(sender)
    library = await content_before_launch(emails, texts.signature)
    contents = [library.content(step) for step in emails]
    now = local(context.now, sender.zone)
    own = context.workspace_id
    used = frozenset().union(*[await fields_in(own, text) for each in contents for text in _texts(each)])
    of_template = without_own_text([person.id for person in people], first_emails)
    shapes: Counter[frozenset[str]] = Counter()
    shapes_of_first: Counter[frozenset[str]] = Counter()
    examples: dict[frozenset[str], Mapping[str, str]] = {}
    for person in people:
        fields = fields_of(person, sender.name, sender.email, context.page_link(person), texts.fields)
        # People with values for the same fields share one check.
        shape = frozenset(name for name in used if fields.get(name, "").strip())
        shapes[shape] += 1
        shapes_of_first[shape] += person.id in of_template
        examples.setdefault(shape, fields)
    warnings = []
    for step, content in zip(emails, contents, strict=True):
        counts: Counter[str] = Counter()
        left: Counter[str] = Counter()
        stopping = await find_blockers(
            own, content, [*examples.values()], now, library.quoted_email(step, NOT_ENROLLED)
        )
        numbers = (shapes_of_first if step.number == 1 else shapes).values()
        for number, (missing, prompts) in zip(numbers, stopping, strict=True):
            counts.update(dict.fromkeys(missing, number))
            left.update(dict.fromkeys(prompts, number))
        warnings += [
            WarningCode.FIELD_WITHOUT_VALUE.note(step=step.number, field=name, missing=number, people=len(people))
            for name, number in sorted(counts.items())
            if number
        ]
        if step.send_option != "task":  # a rep replaces the prompts of a task's email
            warnings += [
                WarningCode.FIELD_PROMPT_LEFT.note(step=step.number, prompt=prompt, people=number)
                for prompt, number in sorted(left.items())
                if number
            ]
    return warnings


def _texts(content: EmailContent) -> Iterator[str]:
    yield content.subject
    yield content.html
    if content.text is not None:
        yield content.text
