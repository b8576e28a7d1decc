"""A gateway follows links while it decides about an email: that neither sends, settles nor loses it."""

from datetime import timedelta

import pytest

from api.models import Event, Send
from api.states import IncomingResult, SendStatus
from api.store.engagement import Engagement, engagements
from plugins import ReportedKind
from plugins.contract import Outcome
from tests.databases import on_sqlite
from tests.services.replies.incoming_mails import event, report
from tests.services.tracking.test_effects import CHROME
from tests.services.world import NOW, make_world

HOUR = timedelta(hours=1)


@on_sqlite
@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome.DEFERRED, SendStatus.DEFERRED),
        (Outcome.FAILED, SendStatus.FAILED),
        (Outcome.IN_DOUBT, SendStatus.IN_DOUBT),
    ],
)
async def test_hits_of_an_email_that_was_not_sent(database: str, outcome: Outcome, status: SendStatus) -> None:
    world = await make_world(1)
    world.channel.outcome = Outcome.IN_DOUBT
    await world.tick()
    email = await world.send()
    await Send.filter(id=email.id).update(status=status)
    details = {"email_id": email.id, "user_agent": CHROME}
    found = await report(
        world,
        event(ReportedKind.OPENED, **details),
        event(ReportedKind.CLICKED, url="https://a.example/", **details),
    )
    assert [row.result for row in found] == [IncomingResult.APPLIED] * 2
    assert (await Send.get(id=email.id)).status is status
    assert await Event.filter(kind="EMAIL_SENT").count() == 0
    counts = (await engagements(str(email.workspace_id), [email.id]))[email.id]
    people = status is SendStatus.IN_DOUBT
    expected = (1, 0, 1, 0) if people else (0, 1, 0, 1)
    assert (counts.opens, counts.machine_opens, counts.clicks, counts.machine_clicks) == expected
    assert isinstance(counts, Engagement)


async def test_a_deferred_email_is_sent_after_a_click(database: str) -> None:
    world = await make_world(1)
    world.channel.outcome = Outcome.DEFERRED
    await world.tick()
    email = await world.send()
    assert email.status is SendStatus.DEFERRED
    await report(world, event(ReportedKind.CLICKED, email_id=email.id, url="https://a.example/", user_agent=CHROME))
    world.channel.outcome = Outcome.SENT
    await world.tick(NOW + HOUR)
    assert (await Send.get(id=email.id)).status is SendStatus.SENT
    assert world.channel.left == ["ada@example.com"]
