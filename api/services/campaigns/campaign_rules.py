"""Check a campaign's settings."""

from collections.abc import Callable
from typing import Any

from api.codes.refusals.campaigns import CampaignCode
from api.models import Campaign, Category, Sender
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.states import OnExpiry, OnReply, Tracking
from api.store.engine.rows import get_or_refuse
from strategies import Refusal
from strategies.codes import StrategyCode
from strategies.errors import RefusalCollector
from strategies.step_checks import LAST_DAY

MAX_RESENDS = 5


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
    refusals = RefusalCollector()
    for key, value in settings.items():
        with refusals:
            setattr(row, key, checks[key](value) if key in checks else value)
    with refusals:
        if "sender_id" in settings:
            await get_or_refuse(Sender, context.workspace_id, settings["sender_id"], ("senderId",))
    with refusals:
        if settings.get("category_id") is not None:
            await get_or_refuse(Category, context.workspace_id, settings["category_id"], ("categoryId",))
    refusals.raise_any()


def _check_expiry_days(days: int | None) -> int | None:
    if days is not None and not 0 <= days <= LAST_DAY:
        raise Refusal.of(StrategyCode.INVALID_DAY, ("taskExpiryDays",), case="expiry", limit=LAST_DAY)
    return days


def _check_resends(times: int) -> int:
    if not 0 <= times <= MAX_RESENDS:
        raise Refusal.of(CampaignCode.INVALID_RESENDS, ("inDoubtResends",), limit=MAX_RESENDS)
    return times
