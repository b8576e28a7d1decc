"""Author a campaign: its settings, its steps, and their days."""

from collections.abc import Callable
from typing import Any

from api.ids import new_id
from api.models import Campaign, Category, Enrollment, Launch, Send, Sender, Step, Task, Template
from api.services import inputs
from api.services.plans import core_steps
from api.services.scope import Scope
from api.states import GOING_ON, OnExpiry, OnReply, Priority
from api.store.rows import need
from api.store.transactions import transaction
from strategies import Refusal, StepType
from strategies import timeline as core

MAX_STEPS = 100
MAX_RESENDS = 5


async def create_campaign(scope: Scope, **settings: Any) -> Campaign:
    """Create a campaign without steps. Takes what ``update_campaign`` takes; name and sender_id are required."""
    row = Campaign(id=new_id("cmp"), workspace_id=scope.workspace_id, created_at=scope.now)
    await _settings(scope, row, settings)
    await row.save(force_create=True)
    return row


async def update_campaign(scope: Scope, campaign_id: str, **settings: Any) -> Campaign:
    """Change the given settings. Those that move days or zones are fixed while people are in the campaign."""
    row = await need(Campaign, scope.workspace_id, campaign_id, ("id",))
    moving = {"skip_weekends", "use_recipient_zone", "sender_id"} & {
        key for key, value in settings.items() if getattr(row, key) != value
    }
    if moving:
        await _refuse_running(row, ("id",))
    await _settings(scope, row, settings)
    if settings:  # and nothing else: a pause may have come meanwhile
        await row.save(update_fields=list(settings))
    return row


async def _settings(scope: Scope, row: Campaign, settings: dict[str, Any]) -> None:
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


async def steps_of(campaign: Campaign) -> list[Step]:
    """Return the campaign's steps in order."""
    return await Step.filter(campaign_id=campaign.id).order_by("number")


async def add_step(
    scope: Scope, campaign_id: str, *, day: int, step_type: StepType, position: int | None = None, **content: Any
) -> Step:
    """Add a step to a day: at a position (1 is first) among the day's steps, or behind them."""
    campaign = await need(Campaign, scope.workspace_id, campaign_id, ("campaignId",))
    step = Step(
        id=new_id("stp"), workspace_id=scope.workspace_id, campaign_id=campaign.id, day=day, type=step_type, number=0
    )
    await _content(scope, step, content)
    steps = await steps_of(campaign)
    if len(steps) >= MAX_STEPS:
        raise Refusal("TOO_MANY_STEPS", f"A campaign may have {MAX_STEPS} steps.", ("campaignId",))
    await _arrange(scope, campaign, _placed(steps, step, position), step, path=("campaignId",))
    return step


async def change_step(scope: Scope, step_id: str, **content: Any) -> Step:
    """Change what a step contains: the given keys of its content."""
    step, campaign, steps = await _load(scope, step_id)
    step = next(row for row in steps if row.id == step.id)
    await _content(scope, step, content)
    await _arrange(scope, campaign, steps, step)
    return step


async def move_step(scope: Scope, step_id: str, *, day: int, position: int | None = None) -> Step:
    """Move a step to a day, at a position among that day's steps or behind them."""
    step, campaign, steps = await _load(scope, step_id)
    step.day = day
    await _arrange(scope, campaign, _placed([row for row in steps if row.id != step.id], step, position), step)
    return step


async def move_day(scope: Scope, campaign_id: str, *, day: int, to: int) -> Campaign:
    """Move all steps of a day to another day, behind the steps that stand there."""
    campaign, steps, moved = await _day(scope, campaign_id, day)
    if not 1 <= to <= core.LAST_DAY:
        raise Refusal("INVALID_DAY", f"Days are counted from 1 to {core.LAST_DAY}.", ("to",))
    for step in moved:
        step.day = to
    await _arrange(scope, campaign, [row for row in steps if row not in moved] + moved, None, path=("campaignId",))
    return campaign


async def remove_step(scope: Scope, step_id: str) -> Campaign:
    """Remove a step that nobody has gone through."""
    step, campaign, steps = await _load(scope, step_id)
    await _remove(scope, campaign, steps, [step], ("id",))
    return campaign


async def remove_day(scope: Scope, campaign_id: str, *, day: int) -> Campaign:
    """Remove all steps of a day."""
    campaign, steps, removed = await _day(scope, campaign_id, day)
    await _remove(scope, campaign, steps, removed, ("day",))
    return campaign


async def _day(scope: Scope, campaign_id: str, day: int) -> tuple[Campaign, list[Step], list[Step]]:
    campaign = await need(Campaign, scope.workspace_id, campaign_id, ("campaignId",))
    steps = await steps_of(campaign)
    on_day = [row for row in steps if row.day == day]
    if not on_day:
        raise Refusal("DAY_NOT_FOUND", f"This campaign has no steps on day {day}.", ("day",))
    return campaign, steps, on_day


async def _remove(
    scope: Scope, campaign: Campaign, steps: list[Step], removed: list[Step], path: tuple[str, ...]
) -> None:
    ids = [step.id for step in removed]
    if await Send.filter(step_id__in=ids).exists() or await Task.filter(step_id__in=ids).exists():
        raise Refusal("STEP_HAS_HISTORY", "People have gone through this step, so it stays in the record.", path)
    await _arrange(scope, campaign, [row for row in steps if row.id not in ids], None, path=path, removed=ids)


async def _load(scope: Scope, step_id: str) -> tuple[Step, Campaign, list[Step]]:
    step = await need(Step, scope.workspace_id, step_id, ("id",))
    campaign = await need(Campaign, scope.workspace_id, step.campaign_id, ("id",))
    return step, campaign, await steps_of(campaign)


def _placed(steps: list[Step], step: Step, position: int | None) -> list[Step]:
    same_day = [row for row in steps if row.day == step.day]
    if position is not None and not 1 <= position <= len(same_day) + 1:
        raise Refusal("INVALID_POSITION", f"Positions on this day go from 1 to {len(same_day) + 1}.", ("position",))
    at = len(same_day) if position is None else position - 1
    return [row for row in steps if row.day != step.day] + same_day[:at] + [step] + same_day[at:]


async def _content(scope: Scope, step: Step, content: dict[str, Any]) -> None:
    """Check and set a step's content; what is not given stays."""
    checks: dict[str, Callable[[Any], Any]] = {
        "name": lambda value: inputs.line(value, ("name",), required=False),
        "subject": lambda value: value and inputs.line(value, ("subject",), limit=900, required=False),
        "notes": lambda value: inputs.text(value, ("notes",), limit=20_000),
        "priority": Priority,
    }
    for key, value in content.items():
        setattr(step, key, checks[key](value) if key in checks else value)
    if step.subject:
        inputs.template(step.subject, ("subject",))
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
        option.validate(step.config)
    except Refusal as refusal:
        raise refusal.under("config") from None


async def _arrange(
    scope: Scope,
    campaign: Campaign,
    steps: list[Step],
    changed: Step | None,
    *,
    path: tuple[str, ...] = ("id",),
    removed: list[str] | None = None,
) -> None:
    """Number the steps anew, check every one at its place, and write them; or refuse and write nothing.

    ``path`` is the argument that names what is changed.
    """
    steps.sort(key=lambda row: row.day)
    for number, row in enumerate(steps, 1):
        row.number = number
    in_order = core_steps(steps)
    for number, (row, step) in enumerate(zip(steps, in_order, strict=True), 1):
        try:
            core.check_step(in_order, number, step, scope.installed.send_options)
        except Refusal as refusal:
            if changed is not None and row.id == changed.id:
                raise
            raise Refusal(refusal.code, f"Step {number}: {refusal.message}", ("steps", str(number))) from None
    async with transaction():
        await _refuse_running(campaign, path)
        if removed:
            await Step.filter(id__in=removed).delete()
        known = set(await Step.filter(campaign_id=campaign.id).values_list("id", flat=True))
        for row in steps:
            await row.save(force_create=row.id not in known, force_update=row.id in known)


async def _refuse_running(campaign: Campaign, path: tuple[str, ...]) -> None:
    launching = Launch.filter(campaign_id=campaign.id, status__in=GOING_ON)
    if await launching.exists() or await Enrollment.filter(campaign_id=campaign.id, ended_at=None).exists():
        raise Refusal(
            "CAMPAIGN_RUNNING",
            "People are going through this campaign. End it for them first, or build a new campaign.",
            path,
        )
