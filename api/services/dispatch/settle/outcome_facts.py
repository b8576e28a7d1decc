"""What the rows of outcomes, events and begins of transmissions contain."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from api.channel_processes.remote_channel import RemoteChannel
from api.codes.reasons.channel_faults import CHANNEL_FAULTS
from api.services.dispatch.claim.delivery import Delivery
from api.services.dispatch.outcome_decision import event_line
from api.store.dispatch.send_outcome import SendOutcome
from api.store.dispatch.transmissions import Counted
from api.store.emails.sent_contents import PackedContent
from api.store.events.events import Line
from strategies.calendar import known_zone, local

Settled = tuple[Delivery, SendOutcome]


def counted(deliveries: Sequence[Delivery], real_now: datetime) -> dict[str, Counted]:
    """Return the values that reports count for these attempts, by email."""
    dates: dict[tuple[datetime, str], date] = {}
    found = {}
    for delivery in deliveries:
        moment = delivery.at(real_now), known_zone(delivery.send.zone)
        if moment not in dates:
            dates[moment] = local(*moment).date()
        found[delivery.send.id] = Counted(dates[moment], delivery.batch.template_id(delivery.send))
    return found


def contents_of(deliveries: Iterable[Delivery]) -> list[PackedContent]:
    """Return the packed contents of those of these emails that have one."""
    return [delivery.content for delivery in deliveries if delivery.content is not None]


def event_of(delivery: Delivery, outcome: SendOutcome) -> Line | None:
    """Return the event of an outcome; None if it has none."""
    batch, send = delivery.batch, delivery.send
    channel = (
        batch.runtime.installed.channels.get(batch.sender["channel"]) if outcome.reason in CHANNEL_FAULTS else None
    )
    names = channel.source.names if isinstance(channel, RemoteChannel) else None
    transactional, campaign_id = batch.is_transactional(send), batch.campaign_id(send)
    return event_line(outcome, transactional=transactional, campaign_id=campaign_id, channel=names)
