"""The sender that a launch chose."""

from api.graphql.engine.graphql_context import Request
from api.graphql.workspaces.senders import Sender


async def sender_of(info: Request, sender_id: str | None, campaign_id: str) -> Sender:
    """Return the chosen sender. Rows of earlier releases have none: then it is the campaign's."""
    loaders = info.context.loaders
    return await loaders.sender.load(sender_id or (await loaders.campaign.load(campaign_id)).sender_id)
