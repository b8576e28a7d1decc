"""Check and set the content of a step: an email has a template or content of its own, a task has notes."""

from collections.abc import Callable, Sequence
from typing import Any

from api.codes.refusals.campaigns import CampaignCode
from api.codes.request_errors.inputs import InputCode
from api.models import Campaign, Step, Template
from api.services.common.campaign_facts import campaign_facts
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.services.templates import template_inputs
from api.states import Priority
from api.store.engine.rows import get_or_refuse
from api.store.templates import subjects_of
from strategies import Refusal, StepType
from strategies.codes import StrategyCode
from strategies.errors import RefusalCollector
from strategies.package_options.option_calls import validate

MAX_NOTES = 20_000
"""Characters of a step's notes."""
EMAIL_DEFAULTS: dict[str, Any] = {
    "send_option": None,
    "config": {},
    "follow_up": False,
    "template_id": None,
    "subject": None,
    "html": None,
    "text": None,
}
"""The columns that only emails have, with their values in other steps."""
OWN_PARTS = {"html": "html", "text": "text", "template_id": "templateId"}
"""Columns of an email's content with the names of their arguments."""


async def set_content(context: WorkspaceContext, campaign: Campaign, step: Step, content: dict[str, Any]) -> None:
    """Check and set the given keys of a step's content. Raises Refusal.

    A step that becomes a task loses the columns that only emails have.
    """
    checks: dict[str, Callable[[Any], Any]] = {
        "type": StepType,
        "name": lambda value: inputs.line(value, ("name",), required=False),
        "notes": lambda value: inputs.text(value, ("notes",), limit=MAX_NOTES),
        "priority": Priority,
    }
    if content.get("type", step.type) is not StepType.EMAIL and step.type is StepType.EMAIL:
        step.update_from_dict(EMAIL_DEFAULTS)
    if content.get("send_option", step.send_option) != step.send_option:
        step.config = {}  # the config belongs to the previous option
    before = (step.template_id, step.subject)
    refusals = RefusalCollector()
    for key, value in content.items():
        with refusals:
            setattr(step, key, checks[key](value) if key in checks else value)
    if step.type is not StepType.EMAIL:
        with refusals:
            _refuse_email_parts(step)
    else:
        with refusals:
            await _set_parts(context, step, content, before)
        with refusals:
            await _check_option(context, campaign, step)
    refusals.raise_any()


def _refuse_email_parts(step: Step) -> None:
    """Refuse content of emails for a task."""
    refusals = RefusalCollector()
    for column, argument in OWN_PARTS.items():
        if getattr(step, column) is not None:
            refusals.add(Refusal.of(CampaignCode.TEMPLATE_NOT_AVAILABLE, (argument,)))
    if step.config != {}:
        refusals.add(Refusal.of(InputCode.INVALID_CONFIG, ("config",), case="not_email"))
    refusals.raise_any()


async def _set_parts(
    context: WorkspaceContext, step: Step, content: dict[str, Any], before: tuple[str | None, str | None]
) -> None:
    """Check an email's template, subject, HTML and text, and remove the content that the new content replaces.

    ``before`` are the template and the subject that the step had. Without a new subject, own content keeps the subject
    that the emails have had, and a template comes with its own.
    """
    workspace_id = context.workspace_id
    own = next((name for name in ("html", "text") if content.get(name) is not None), None)
    if content.get("template_id") is not None:
        if own is not None:
            raise Refusal.of(CampaignCode.CONTENT_AMBIGUOUS, (own,))
        if step.html is not None and "subject" not in content:
            step.subject = None
        step.html = step.text = None
    elif content.get("html") is not None:
        step.template_id = None
    elif own is not None and step.html is None:
        raise Refusal.of(CampaignCode.CONTENT_AMBIGUOUS, ("text",), case="text")
    if step.template_id is None and step.html is None:
        raise Refusal.of(CampaignCode.TEMPLATE_REQUIRED, ("templateId",))
    if step.template_id is not None:
        await get_or_refuse(Template, workspace_id, step.template_id, ("templateId",))
    elif before[0] is not None and "subject" not in content:
        step.subject = before[1] or (await Template.get(id=before[0])).subject or None
    refusals = RefusalCollector()
    with refusals:
        if content.get("subject"):
            step.subject = await template_inputs.subject(workspace_id, step.subject or "", ("subject",))
    with refusals:
        if content.get("html") is not None:
            step.html = await template_inputs.html(workspace_id, content["html"], ("html",))
    with refusals:
        if content.get("text") is not None:
            step.text = await template_inputs.text(workspace_id, content["text"], ("text",))
    refusals.raise_any()


async def _check_option(context: WorkspaceContext, campaign: Campaign, step: Step) -> None:
    """Check an email's send option and its configuration."""
    if step.send_option is None:
        raise Refusal.of(StrategyCode.SEND_OPTION_REQUIRED, ("sendOption",))
    try:
        option = context.installed.send_options.need(step.send_option)
    except Refusal as refusal:
        raise refusal.under("sendOption") from None
    step.config = inputs.config(step.config, option.config_schema, ("config",))
    try:
        validate(option, step.config, campaign_facts(campaign))
    except Refusal as refusal:
        raise refusal.under("config") from None


async def check_subjects(steps: Sequence[Step], path: tuple[str, ...]) -> None:
    """Check that every email has a subject or is a follow-up. Call inside a transaction. Raises Refusal."""
    subjects = await subjects_of([step.template_id for step in steps if step.template_id])
    refusals = RefusalCollector()
    for step in steps:
        if step.type is not StepType.EMAIL or step.follow_up:
            continue
        if not (step.subject or subjects.get(step.template_id or "")):
            refusals.add(Refusal.of(CampaignCode.SUBJECT_REQUIRED, path, number=step.number))
    refusals.raise_any()
