"""Drafts of one-off emails: begun, changed, sent, made drafts again, and deleted."""

import asyncio
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from api.models import Event, Person, Send, Sender, Template
from api.services.emails.emails import retry_send
from api.services.emails.scheduled_emails import edit_email, reschedule_email, withdraw_email
from api.services.enrollments.timelines.chosen_times import LocalTime
from api.services.one_off_emails.drafts import NewEmail, create_email, update_email
from api.services.one_off_emails.sending import delete_email, send_email
from api.services.people.suppressions import unsubscribe
from api.services.tasks.composing import compose_email
from api.states import SendStatus
from api.store.emails import one_off_emails
from api.store.emails.emails import folder_counts
from plugins.contract import Outcome
from tests.databases import on_sqlite
from tests.services.emails.scheduled import arrivals, refusal
from tests.services.world import NOW, World

New = Callable[..., NewEmail]
HOUR = timedelta(hours=1)


async def folders(world: World) -> dict[str, int]:
    counts = await folder_counts(world.context.workspace_id)
    return {name: counts[name] for name in ("DRAFT", "SCHEDULED", "PENDING", "SENT")}


@on_sqlite
async def test_a_draft_is_never_sent_by_itself(world: World, new: New) -> None:
    before = await folders(world)
    send = await create_email(world.context, new())
    assert (send.status, send.subject, send.html) == (SendStatus.DRAFT, "Hello", "<p>One {{ word }}</p>")
    now = await folders(world)
    assert {name: now[name] - before[name] for name in now} == {"DRAFT": 1, "SCHEDULED": 0, "PENDING": 1, "SENT": 0}
    await world.tick(NOW + timedelta(days=1))
    assert (await Send.get(id=send.id)).status is SendStatus.DRAFT
    for work in (reschedule_email(world.context, send.id, NOW + HOUR), retry_send(world.context, send.id)):
        assert (await refusal(work))[0] in {"NOT_SCHEDULED", "NOT_UNDELIVERED"}


@on_sqlite
async def test_it_is_sent_now_as_it_was_written(world: World, new: New) -> None:
    arrived = arrivals(world)
    send = await create_email(world.context, new(subject="Hi {{ first_name }}"))
    await send_email(world.context, send.id)
    await world.tick()
    ((subject, html),) = arrived
    assert (subject, "<p>One {{ word }}</p>" in html) == ("Hi {{ first_name }}", True)
    kinds = await Event.filter(send_id=send.id).order_by("id").values_list("kind", flat=True)
    assert kinds == ["EMAIL_SCHEDULED", "EMAIL_SENT"]
    for work in (send_email(world.context, send.id), update_email(world.context, send.id, subject="New")):
        assert await refusal(work) == ("NOT_SCHEDULED", ("id",))
    assert await refusal(delete_email(world.context, send.id)) == ("NOT_SCHEDULED", ("id",))


async def test_it_is_scheduled_in_a_zone_changed_and_rescheduled(world: World, new: New) -> None:
    send = await create_email(world.context, new())
    send = await send_email(world.context, send.id, at=LocalTime(date(2026, 3, 3), "09:30", "America/New_York"))
    assert (send.status, f"{send.due_at:%d %H:%M}", send.planned_at) == (SendStatus.SCHEDULED, "03 14:30", send.due_at)
    assert [code for code, _ in send.explanation] == ["CHOSEN_IN_ZONE"]
    edited = await edit_email(world.context, send.id, html="<p>Two</p>")
    assert (edited.subject, edited.html, edited.due_at) == ("Hello", "<p>Two</p>", send.due_at)
    assert await refusal(edit_email(world.context, send.id, subject=None)) == ("REQUIRED", ("subject",))
    assert await refusal(update_email(world.context, send.id, subject=" ")) == ("REQUIRED", ("subject",))
    moved = await reschedule_email(world.context, send.id, NOW + HOUR)
    assert (moved.due_at, moved.planned_at) == (NOW + HOUR, NOW + HOUR)
    assert await refusal(send_email(world.context, send.id, at=NOW - HOUR)) == ("SEND_AT_IN_PAST", ("at",))
    draft = await withdraw_email(world.context, send.id)
    assert isinstance(draft, Send)
    assert (draft.status, draft.html) == (SendStatus.DRAFT, "<p>Two</p>")
    assert await refusal(withdraw_email(world.context, send.id)) == ("NOT_SCHEDULED", ("id",))


@on_sqlite
async def test_windows_do_not_overwrite_each_other(world: World, new: New) -> None:
    send = await create_email(world.context, new())
    await update_email(world.context, send.id, if_version=1, subject="First", html="")
    assert await refusal(update_email(world.context, send.id, if_version=1, subject="Second")) == (
        "VERSION_CONFLICT", ("ifVersion",),
    )  # fmt: skip
    assert (await one_off_emails.find([send.id]))[send.id].version == 2
    assert (await Send.get(id=send.id)).subject == "First"
    assert (await refusal(send_email(world.context, send.id, if_version=1)))[0] == "VERSION_CONFLICT"
    assert (await refusal(delete_email(world.context, send.id, if_version=1)))[0] == "VERSION_CONFLICT"
    assert await delete_email(world.context, send.id, if_version=2) == send.id
    assert await Send.get_or_none(id=send.id) is None
    assert await Event.filter(kind="EMAIL_DELETED").count() == 1


async def test_it_needs_a_subject_and_no_field_prompt_to_be_sent(world: World, new: New) -> None:
    send = await create_email(world.context, new(subject="", html="<p>{{! Greet them }}</p>"))
    assert await refusal(send_email(world.context, send.id)) == ("FIELD_PROMPT_LEFT", ("id",))
    await update_email(world.context, send.id, html="<p>Hi</p>")
    assert await refusal(send_email(world.context, send.id)) == ("REQUIRED", ("subject",))
    await update_email(world.context, send.id, subject="Now")
    assert (await send_email(world.context, send.id)).status is SendStatus.SCHEDULED


async def test_a_template_is_rendered_once(world: World, new: New) -> None:
    template = await Template.get()
    await Template.filter(id=template.id).update(subject="Hi {{ city }}", html="<p>{{ email }}, {{ city }}</p>")
    send = await create_email(world.context, new(template_id=template.id, subject=None, html=None))
    assert (send.subject, send.html) == ("Hi {{! city }}", "<p>ada@example.com, {{! city }}</p>")
    shown = await compose_email(world.context, send.id)
    assert (shown.subject, list(shown.prompts)) == ("Hi {{! city }}", ["city"])
    await Template.filter(id=template.id).update(html="<p>Other</p>")
    await update_email(world.context, send.id, subject="Own")
    assert (await Send.get(id=send.id)).html == "<p>ada@example.com, {{! city }}</p>"
    await Template.filter(id=template.id).update(archived_at=NOW)
    archived = update_email(world.context, send.id, template_id=template.id)
    assert await refusal(archived) == ("TEMPLATE_ARCHIVED", ("templateId",))
    await Template.filter(id=template.id).update(archived_at=None)
    await update_email(world.context, send.id, template_id=template.id, subject="Kept")
    assert ((await Send.get(id=send.id)).subject, (await Send.get(id=send.id)).html) == ("Kept", "<p>Other</p>")


async def test_a_template_has_the_fields_and_the_signature_of_the_sender(world: World, new: New) -> None:
    template = await Template.get()
    await Sender.all().update(title="CTO", signature="<p>Grace</p>")
    made = new(template_id=template.id, subject=None, html=None)
    for html, appended, expected in (
        ("<p>{{ my_title }}</p>", True, "<p>CTO</p>\n<p>Grace</p>"),
        ("<p>{{ my_title }}</p>", False, "<p>CTO</p>"),
        ("<p>a</p>{{ my_signature }}<p>b</p>", True, "<p>a</p><p>Grace</p><p>b</p>"),
    ):
        await Sender.all().update(append_signature=appended)
        await Template.filter(id=template.id).update(html=html)
        assert (await create_email(world.context, made)).html == expected


@on_sqlite
async def test_an_unknown_address_becomes_a_person_only_if_all_is_right(world: World, new: New) -> None:
    people = await Person.all().count()
    assert (await refusal(create_email(world.context, new(person_id=None, to="not"))))[1] == ("to",)
    given = new(person_id=None, to="New@example.com", cc=["x@"])
    assert await refusal(create_email(world.context, given)) == ("INVALID_ADDRESS", ("cc", "0"))
    assert await refusal(create_email(world.context, new(to="a@example.com"))) == ("ONE_RECIPIENT", ("to",))
    assert await refusal(create_email(world.context, new(person_id=None))) == ("ONE_RECIPIENT", ("to",))
    assert await Person.all().count() == people
    send = await create_email(world.context, new(person_id=None, to="New@example.com"))
    assert (await Person.get(id=send.person_id)).email == "New@example.com"
    again = await create_email(world.context, new(person_id=None, to="new@EXAMPLE.com"))
    assert again.person_id == send.person_id


@on_sqlite
async def test_who_said_no_gets_nothing(world: World, new: New) -> None:
    early = await create_email(world.context, new())
    due = await create_email(world.context, new())
    await send_email(world.context, due.id)
    await unsubscribe(world.context, early.person_id)
    assert await refusal(create_email(world.context, new())) == ("UNSUBSCRIBED", ("personId",))
    assert await refusal(send_email(world.context, early.id)) == ("UNSUBSCRIBED", ("to",))
    await world.tick()
    assert ((await Send.get(id=due.id)).status, (await Send.get(id=due.id)).reason) == ("FAILED", "UNSUBSCRIBED")
    assert (await refusal(retry_send(world.context, due.id)))[0] == "UNSUBSCRIBED"
    assert await delete_email(world.context, due.id) == due.id


@on_sqlite
@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.SOFT_BOUNCE])
async def test_an_undelivered_one_is_a_draft_again(world: World, new: New, outcome: Outcome) -> None:
    send = await create_email(world.context, new())
    await send_email(world.context, send.id)
    world.channel.outcome = outcome
    await world.tick()
    draft = await withdraw_email(world.context, send.id)
    assert isinstance(draft, Send)
    assert (draft.status, draft.reason, draft.bounce, draft.bounced_at) == (SendStatus.DRAFT, None, None, None)
    world.channel.outcome = Outcome.SENT
    await send_email(world.context, send.id)
    await world.tick()
    assert (await Send.get(id=send.id)).status is SendStatus.SENT


@on_sqlite
async def test_emails_of_campaigns_stay_what_they_are(world: World) -> None:
    send = await world.send()
    for work in (
        delete_email(world.context, send.id), send_email(world.context, send.id),
        update_email(world.context, send.id, subject="x"),
    ):  # fmt: skip
        assert await refusal(work) == ("CAMPAIGN_EMAIL", ("id",))


async def test_a_claim_is_released_when_it_changes(world: World, new: New) -> None:
    send = await create_email(world.context, new())
    await send_email(world.context, send.id)
    await Send.filter(id=send.id).update(status="CLAIMED", attempt_id="att_1", lease_until=NOW + HOUR)
    await update_email(world.context, send.id, html="<p>Two</p>")
    changed = await Send.get(id=send.id)
    assert (changed.status, changed.attempt_id) == (SendStatus.SCHEDULED, None)
    await Send.filter(id=send.id).update(status="TRANSMITTING", attempt_id="att_1", lease_until=NOW + HOUR)
    for work in (update_email(world.context, send.id, html="<p>3</p>"), delete_email(world.context, send.id)):
        assert await refusal(work) == ("EMAIL_LEAVING", ("id",))
    assert await Sender.all().count() == 1


async def test_several_emails_to_one_new_address_begun_at_once(world: World, new: Callable[..., NewEmail]) -> None:
    begun = [create_email(world.context, new(person_id=None, to="new@example.com")) for _ in range(4)]
    drafts = await asyncio.gather(*begun)
    person = await Person.get(email="new@example.com")
    assert {draft.person_id for draft in drafts} == {person.id}
    assert await Send.filter(person_id=person.id, status="DRAFT").count() == 4
