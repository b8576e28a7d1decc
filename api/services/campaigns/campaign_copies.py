"""Duplicate a campaign: its settings, steps and contents, without people."""

from api.codes.events.event_kinds import EventKind
from api.ids import new_id
from api.models import Campaign, Step
from api.services.common.inputs import inputs
from api.services.common.live_steps import steps_of
from api.services.common.request_context import WorkspaceContext
from api.store.campaigns.campaign_state import lock_campaign
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import campaign_event, write

SETTINGS = (
    *("sender_id", "category_id", "skip_weekends", "remove_on_bounce", "on_reply", "use_recipient_zone"),
    *("task_expiry_days", "on_task_expiry", "in_doubt_resends", "tracking"),
)
CONTENT = (
    *("workspace_id", "number", "day", "type", "name", "send_option", "config", "follow_up"),
    *("template_id", "subject", "html", "text", "notes", "priority"),
)
NAME_CHARACTERS = 200
SUFFIX = " (copy)"


@retry_on_deadlock
async def duplicate_campaign(context: WorkspaceContext, campaign_id: str, name: str | None = None) -> Campaign:
    """Create a draft with the settings, steps and contents of a campaign. Raises Refusal.

    Its steps keep the templates of the original, archived ones as well. Without a name, "(copy)" is added to the name.
    """
    if name is not None:
        name = inputs.line(name, ("name",))
    async with transaction():
        row = await get_or_refuse(Campaign, context.workspace_id, campaign_id, ("id",))
        await lock_campaign(row.id)  # no edit changes the steps meanwhile
        row = await get_or_refuse(Campaign, context.workspace_id, campaign_id, ("id",))
        own_name = name or row.name[: NAME_CHARACTERS - len(SUFFIX)].rstrip() + SUFFIX
        copy = Campaign(
            id=new_id("cmp"),
            workspace_id=context.workspace_id,
            name=own_name,
            created_at=context.now,
            **{column: getattr(row, column) for column in SETTINGS},
        )
        await copy.save(force_create=True)
        steps = [
            Step(
                id=new_id("stp"),
                campaign_id=copy.id,
                added_at=context.now,
                added_revision=copy.revision,
                **{column: getattr(step, column) for column in CONTENT},
            )
            for step in await steps_of(row)
        ]
        await Step.bulk_create(steps)
        kind, data = EventKind.CAMPAIGN_DUPLICATED, {"from": row.id, "name": own_name}
        await write([campaign_event(context.workspace_id, copy.id, kind, context.now, data=data)])
    return copy
