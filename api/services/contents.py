"""What a campaign's settings and a step's content may be."""

from collections.abc import Callable
from typing import Any

from api.models import Campaign, Category, Sender, Step, Template
from api.services import inputs, template_inputs
from api.services.scope import Scope
from api.states import OnExpiry, OnReply, Priority
from api.store.rows import need
from strategies import Refusal, StepType
from strategies import timeline as core
from strategies.answers import validate

MAX_RESENDS = 5
MAX_NOTES = 20_000
"""Characters of a step's notes."""


async def set_settings(scope: Scope, row: Campaign, settings: dict[str, Any]) -> None:
    """Check and set a campaign's settings; what is not given stays. Raises Refusal."""
    checks: dict[str, Callable[[Any], Any]] = {
        "name": lambda value: inputs.line(value, ("name",)),
        "on_reply": OnReply,
        "on_task_expiry": OnExpiry,
        "task_expiry_days": _expiry,
        "in_doubt_resends": _resends,
    }
    for key, value in settings.items():
        setattr(row, key, checks[key](value) if key in checks else value)
    if "sender_id" in settings:
        await need(Sender, scope.workspace_id, settings["sender_id"], ("senderId",))
    if settings.get("category_id") is not None:
        await need(Category, scope.workspace_id, settings["category_id"], ("categoryId",))


def _expiry(days: int | None) -> int | None:
    if days is not None and not 0 <= days <= core.LAST_DAY:
        raise Refusal("INVALID_DAY", f"A task may expire after 0 to {core.LAST_DAY} days.", ("taskExpiryDays",))
    return days


def _resends(times: int) -> int:
    if not 0 <= times <= MAX_RESENDS:
        raise Refusal(
            "INVALID_RESENDS", f"An email in doubt may be sent again 0 to {MAX_RESENDS} times.", ("inDoubtResends",)
        )
    return times


async def set_content(scope: Scope, step: Step, content: dict[str, Any]) -> None:
    """Check and set a step's content; what is not given stays. Raises Refusal."""
    checks: dict[str, Callable[[Any], Any]] = {
        "name": lambda value: inputs.line(value, ("name",), required=False),
        "notes": lambda value: inputs.text(value, ("notes",), limit=MAX_NOTES),
        "priority": Priority,
    }
    if content.get("send_option", step.send_option) != step.send_option:
        step.config = {}  # what is configured belongs to the option that it was made for
    for key, value in content.items():
        setattr(step, key, checks[key](value) if key in checks else value)
    if content.get("subject"):
        step.subject = await template_inputs.subject(scope.workspace_id, step.subject or "", ("subject",))
    if step.type is not StepType.EMAIL:
        if step.template_id is not None:
            raise Refusal("TEMPLATE_NOT_AVAILABLE", "Only email steps have a template.", ("templateId",))
        if step.config != {}:
            raise Refusal("INVALID_CONFIG", "Only email steps have a configuration. Leave it out.", ("config",))
        return
    if step.template_id is None:
        raise Refusal("TEMPLATE_REQUIRED", "An email step needs a template.", ("templateId",))
    await need(Template, scope.workspace_id, step.template_id, ("templateId",))
    if step.send_option is None:
        raise Refusal("SEND_OPTION_REQUIRED", "An email step needs a send option.", ("sendOption",))
    try:
        option = scope.installed.send_options.need(step.send_option)
    except Refusal as refusal:
        raise refusal.under("sendOption") from None
    step.config = inputs.config(step.config, option.config_schema, ("config",))
    try:
        validate(option, step.config)
    except Refusal as refusal:
        raise refusal.under("config") from None
