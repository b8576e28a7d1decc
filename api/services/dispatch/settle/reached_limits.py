"""The lines of an explanation about the limit of a sender that has delayed an email."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from api.services.dispatch.claim.delivery import Delivery
from api.services.enrollments.timelines.explanations import notes_to_json
from api.store.dispatch import throttles
from api.store.dispatch.throttles import ReachedLimit

AFTERWARDS = timedelta(minutes=1)
"""How long after the end of a wait the emails that go out are those that waited. Later ones waited for something else,
such as the resume of their campaign."""


async def explain_limits(deliveries: Iterable[Delivery], real_now: datetime) -> None:
    """Say in the explanations of these emails, which are about to be sent, that they waited for a limit."""
    waited: dict[tuple[ReachedLimit, str], list[str]] = {}
    for delivery in deliveries:
        reached = throttles.reached_limit(delivery.batch.sender)
        if reached is None or delivery.at(real_now) > reached.until + AFTERWARDS:
            continue
        if delivery.send.due_at < reached.until:
            waited.setdefault((reached, delivery.send.zone), []).append(delivery.send.id)
    for (reached, zone), send_ids in waited.items():
        for line in notes_to_json(reached.notes(zone)):
            await throttles.explain_limit(send_ids, line)
