"""A new tz database moves the instants of unsent emails, and no wall time."""

from datetime import UTC, date, datetime, timedelta

import pytest

from api.models import Send
from api.services.campaigns.authoring import add_step, create_campaign
from api.services.dispatch.dispatcher import DispatchRuntime
from api.services.enrollments import time_zones
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.templates.templates import create_template
from api.services.workspaces.senders import create_sender
from api.services.workspaces.workspaces import create_workspace
from plugins.manager import load
from strategies import StepType

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


async def test_unsent_emails_are_resolved_again_when_the_rules_change(database: str) -> None:
    runtime = DispatchRuntime(load({}), lambda: NOW, lambda person: None, lambda: None)
    context = runtime.context(await create_workspace("Acme", NOW))
    sender = await create_sender(context, name="G", email="g@example.com", zone="Europe/Berlin", channel="record")
    template = await create_template(context, name="T", subject="Hi", html="<p>x</p>")
    campaign = await create_campaign(context, name="C", sender_id=sender.id)
    content = {"template_id": template.id, "step_type": StepType.EMAIL}
    await add_step(context, campaign.id, day=1, send_option="choose_at_launch", **content)
    for day in (3, 5):
        await add_step(context, campaign.id, day=day, send_option="at_time", config={"at": "09:00"}, **content)
    person = await create_person(context, "ada@example.com")
    await launch(context, campaign.id, [person.id], Choice(NOW + timedelta(days=1)), {})
    assert await time_zones.resolve_again_if_changed(runtime.context, "2026a") == 0

    # As if the old rules had had Berlin an hour further west: two emails stand at the instants of those rules.
    rows = await Send.all().order_by("planned_at")
    right = [row.planned_at for row in rows]
    for row in rows[1:]:
        await Send.filter(id=row.id).update(
            planned_at=row.planned_at + timedelta(hours=1), due_at=row.due_at + timedelta(hours=1)
        )
    assert await time_zones.resolve_again_if_changed(runtime.context, "2026a") == 0
    assert await time_zones.resolve_again_if_changed(runtime.context, "2026b") == 1
    after = await Send.all().order_by("planned_at")
    assert [row.planned_at for row in after] == [row.due_at for row in after] == right
    assert [row.planned_date for row in after] == [date(2026, 3, 3), date(2026, 3, 5), date(2026, 3, 7)]
    assert [row.planned_time for row in after] == ["08:00:00", "09:00:00", "09:00:00"]


def test_the_fingerprint_is_that_of_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    before = time_zones.fingerprint()
    assert time_zones.fingerprint() == before
    monkeypatch.setattr(time_zones, "_rules", lambda zone: b"other rules")
    assert time_zones.fingerprint() != before
