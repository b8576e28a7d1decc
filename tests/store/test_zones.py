"""A new tz database moves the instants of unsent emails, and no wall time."""

from datetime import UTC, date, datetime, timedelta

import pytest

from api.models import Send
from api.services import zones
from api.services.campaigns import add_step, create_campaign
from api.services.dispatch import Post
from api.services.launch import Choice, launch
from api.services.people import create_person
from api.services.senders import create_sender
from api.services.templates import create_template
from api.services.workspaces import create_workspace
from plugins.manager import load
from strategies import StepType

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


async def test_unsent_emails_are_resolved_again_when_the_rules_change(database: str) -> None:
    post = Post(load({}), lambda: NOW, lambda person: None, lambda: None)
    scope = post.scope(await create_workspace("Acme", NOW))
    sender = await create_sender(scope, name="G", email="g@example.com", zone="Europe/Berlin", channel="record")
    template = await create_template(scope, name="T", subject="Hi", html="<p>x</p>")
    campaign = await create_campaign(scope, name="C", sender_id=sender.id)
    content = {"template_id": template.id, "step_type": StepType.EMAIL}
    await add_step(scope, campaign.id, day=1, send_option="choose_at_launch", **content)
    for day in (3, 5):
        await add_step(scope, campaign.id, day=day, send_option="at_time", config={"at": "09:00"}, **content)
    person = await create_person(scope, "ada@example.com")
    await launch(scope, campaign.id, [person.id], Choice(NOW + timedelta(days=1)), {})
    assert await zones.resolve_again_if_changed(post.scope, "2026a") == 0

    # As if the old rules had had Berlin an hour further west: two emails stand at the instants of those rules.
    rows = await Send.all().order_by("planned_at")
    right = [row.planned_at for row in rows]
    for row in rows[1:]:
        await Send.filter(id=row.id).update(
            planned_at=row.planned_at + timedelta(hours=1), due_at=row.due_at + timedelta(hours=1)
        )
    assert await zones.resolve_again_if_changed(post.scope, "2026a") == 0
    assert await zones.resolve_again_if_changed(post.scope, "2026b") == 1
    after = await Send.all().order_by("planned_at")
    assert [row.planned_at for row in after] == [row.due_at for row in after] == right
    assert [row.planned_date for row in after] == [date(2026, 3, 3), date(2026, 3, 5), date(2026, 3, 7)]
    assert [row.planned_time for row in after] == ["08:00:00", "09:00:00", "09:00:00"]


def test_the_fingerprint_is_that_of_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    before = zones.fingerprint()
    assert zones.fingerprint() == before
    monkeypatch.setattr(zones, "_rules", lambda zone: b"other rules")
    assert zones.fingerprint() != before
