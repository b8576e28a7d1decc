"""What may not begin in a paused campaign."""

from api.store.holds import pause_of
from strategies import Refusal


async def refuse_paused(campaign_id: str, path: tuple[str, ...]) -> None:
    """Refuse what a pause forbids. Call first in the transaction that does it: no pause slips in between."""
    if await pause_of(campaign_id) is not None:
        raise Refusal("CAMPAIGN_PAUSED", "This campaign is paused. Resume it first.", path)
