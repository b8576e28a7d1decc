"""Check a campaign's settings and a step's content."""

from collections.abc import Callable, Sequence
from typing import Any

from api.codes.campaigns import CampaignCode
from api.codes.inputs import InputCode
from api.models import Campaign, Category, Sender, Step, Template
from api.services.common import inputs
from api.services.common.context import WorkspaceContext
from api.services.templates import template_inputs
from api.states import OnExpiry, OnReply, Priority, Tracking
from api.store.engine.rows import get_or_refuse
from api.store.templates import subjects_of
from strategies import Refusal, StepType
from strategies.codes import StrategyCode
from strategies.option_calls import validate
from strategies.step_checks import LAST_DAY

MAX_RESENDS = 5
MAX_NOTES = 20_000
"""Characters of a step's notes."""


async def set_settings(context: WorkspaceContext, row: Campaign, settings: dict[str, Any]) -> None:
    """Check and set the given settings of a campaign. Raises Refusal."""
    checks: dict[str, Callable[[Any], Any]] = {
        "name": lambda value: inputs.line(value, ("name",)),
        "on_reply": OnReply,
        "on_task_expiry": OnExpiry,
        "tracking": Tracking,
        "task_expiry_days": _check_expiry_days,
        "in_doubt_resends": _check_resends,
    }
    for key, value in settings.items():
        setattr(row, key, checks[key](value) if key in checks else value)
    if "sender_id" in settings:
        await get_or_refuse(Sender, context.workspace_id, settings["sender_id"], ("senderId",))
    if settings.get("category_id") is not None:
        await get_or_refuse(Category, context.workspace_id, settings["category_id"], ("categoryId",))


def _check_expiry_days(days: int | None) -> int | None:
    if days is not None and not 0 <= days <= LAST_DAY:
        raise Refusal.of(StrategyCode.INVALID_DAY, ("taskExpiryDays",), case="expiry", limit=LAST_DAY)
    return days


def _check_resends(times: int) -> int:
    if not 0 <= times <= MAX_RESENDS:
        raise Refusal.of(CampaignCode.INVALID_RESENDS, ("inDoubtResends",), limit=MAX_RESENDS)
    return times


async def set_content(context: WorkspaceContext, step: Step, content: dict[str, Any]) -> None:
    """Check and set the given keys of a step's content. Raises Refusal."""
    checks: dict[str, Callable[[Any], Any]] = {
        "name": lambda value: inputs.line(value, ("name",), required=False),
        "notes": lambda value: inputs.text(value, ("notes",), limit=MAX_NOTES),
        "priority": Priority,
    }
    if content.get("send_option", step.send_option) != step.send_option:
        step.config = {}  # the config belongs to the previous option
    for key, value in content.items():
        setattr(step, key, checks[key](value) if key in checks else value)
    if content.get("subject"):
        step.subject = await template_inputs.subject(context.workspace_id, step.subject or "", ("subject",))
    if step.type is not StepType.EMAIL:
        if step.template_id is not None:
            raise Refusal.of(CampaignCode.TEMPLATE_NOT_AVAILABLE, ("templateId",))
        if step.config != {}:
            raise Refusal.of(InputCode.INVALID_CONFIG, ("config",), case="not_email")
        return
    if step.template_id is None:
        raise Refusal.of(CampaignCode.TEMPLATE_REQUIRED, ("templateId",))
    await get_or_refuse(Template, context.workspace_id, step.template_id, ("templateId",))
    if step.send_option is None:
        raise Refusal.of(StrategyCode.SEND_OPTION_REQUIRED, ("sendOption",))
    try:
        option = context.installed.send_options.need(step.send_option)
    except Refusal as refusal:
        raise refusal.under("sendOption") from None
    step.config = inputs.config(step.config, option.config_schema, ("config",))
    try:
        validate(option, step.config)
    except Refusal as refusal:
        raise refusal.under("config") from None


async def check_subjects(steps: Sequence[Step], path: tuple[str, ...]) -> None:
    """Check that every email has a subject or is a follow-up. Call inside a transaction. Raises Refusal."""
    subjects = await subjects_of([step.template_id for step in steps if step.template_id])
    for step in steps:
        if step.type is not StepType.EMAIL or step.follow_up or step.template_id is None:
            continue
        if not (step.subject or subjects[step.template_id]):
            raise Refusal.of(CampaignCode.SUBJECT_REQUIRED, path, number=step.number)
