"""The first emails of a launch that a rep has written for single people. A follow-up still quotes the template."""

from collections.abc import Mapping, Sequence

from api.codes.refusals.emails import EmailCode
from api.codes.refusals.launches import LaunchCode
from api.mail.templates.prompts import find_remaining_prompts, prompt_list
from api.services.common.request_context import WorkspaceContext
from api.services.launches.launch_people import MAX_PEOPLE
from api.services.templates import template_inputs
from api.services.templates.template_inputs import WrittenText
from strategies import Refusal
from strategies.errors import RefusalCollector
from strategies.timeline.records import PlannedSend
from strategies.timeline.timeline import Timeline

MAX_FIRST_EMAILS = MAX_PEOPLE
"""Most texts of one background launch."""
Path = tuple[str, ...]


async def check_first_emails(
    context: WorkspaceContext, texts: Mapping[str, WrittenText], argument: str, refusals: RefusalCollector
) -> dict[str, WrittenText]:
    """Return the clean texts by person. Wrong ones are added to ``refusals``, with paths by the person's id."""
    clean: dict[str, WrittenText] = {}
    for person_id, text in texts.items():
        path = (argument, person_id)
        with refusals:
            if text == (None, None):
                raise Refusal.of(LaunchCode.FIRST_EMAIL_NOT_WRITTEN, (*path, "html"))
            written = await template_inputs.written_text(context.workspace_id, *text, path)
            _refuse_prompts(written, path)
            clean[person_id] = written
    return clean


def _refuse_prompts(text: WrittenText, path: Path) -> None:
    for name, part in (("subject", text.subject), ("html", text.html)):
        prompts = find_remaining_prompts(part or "", (), html=name == "html")
        if prompts:
            raise Refusal.of(EmailCode.FIELD_PROMPT_LEFT, (*path, name), prompts=prompt_list(prompts))


def refuse_without_first_email(timeline: Timeline, text: WrittenText, path: Path) -> None:
    """Refuse a text if the first step is not an email that is sent automatically. Raises Refusal."""
    if not has_automatic_first_email(timeline):
        raise Refusal.of(LaunchCode.NO_FIRST_EMAIL, (*path, "subject" if text.html is None else "html"))


def has_automatic_first_email(timeline: Timeline) -> bool:
    """Say whether the first step is an email that is sent automatically."""
    return automatic_first_email(timeline) is not None


def automatic_first_email(timeline: Timeline) -> PlannedSend | None:
    """Return the email of the first step; None if it is not an email that is sent automatically."""
    planned = timeline.planned[0] if timeline.planned else None
    return planned if isinstance(planned, PlannedSend) and planned.number == 1 else None


def without_own_text(person_ids: Sequence[str], texts: Mapping[str, WrittenText]) -> set[str]:
    """Return those of these people whose first email is rendered from the template."""
    return {each for each in person_ids if each not in texts or texts[each].html is None}
