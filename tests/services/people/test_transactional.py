"""Transactional templates: their emails ignore an unsubscribe, and nothing else."""

from dataclasses import replace
from email import message_from_bytes

import pytest

from api.codes.refusals.campaigns import CampaignCode
from api.codes.refusals.people import PersonCode
from api.models import Enrollment, Event, Person, Send, Step, Template
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.common.request_context import WorkspaceContext
from api.services.emails.emails import retry_send
from api.services.emails.scheduled_emails import edit_email
from api.services.launches.background.background_launch import start_launch
from api.services.launches.launch import Choice, launch
from api.services.launches.preview.launch_preview import preview
from api.services.people.people import create_person, update_person
from api.services.people.suppressions import suppress_address, unsubscribe
from api.services.replies.bounces import record_bounce
from api.services.replies.replies import record_reply
from api.services.templates.templates import create_template, update_template
from api.services.workspaces.workspaces import set_blocked_domains
from plugins.contract import Outgoing
from strategies import Refusal, StepType
from tests.databases import on_sqlite
from tests.services.jobs.claims import claim_launch, run_launch
from tests.services.world import NOW, World, make_world


@pytest.fixture
async def world(database: str) -> World:
    """Two people in a campaign with two emails, the first of them due."""
    return await make_world(2)


async def transactional(world: World) -> None:
    for template in await Template.all():
        await update_template(world.context, template.id, transactional=True)


async def campaign_of(world: World, *kinds: bool) -> str:
    """Create a campaign with an email for each kind: transactional or not."""
    sender_id = (await world.send()).sender_id
    campaign = await create_campaign(world.context, name="D", sender_id=sender_id)
    for day, kind in enumerate(kinds, 1):
        template = await create_template(
            world.context, name="T", subject="Invoice", html="<p>x</p>", transactional=kind
        )
        option = "choose_at_launch" if day == 1 else "same_time_as_previous"
        content = {"step_type": StepType.EMAIL, "template_id": template.id}
        await add_step(world.context, campaign.id, day=day, send_option=option, **content)
    return campaign.id


async def gone(context: WorkspaceContext, name: str = "gone@example.com") -> Person:
    person = await create_person(context, name)
    await unsubscribe(context, person.id)
    return person


async def test_an_unsubscribe_does_not_end_a_transactional_campaign(world: World) -> None:
    await transactional(world)
    await unsubscribe(world.context, world.enrollments[0].person_id)
    assert {row.status for row in await Enrollment.all()} == {"ACTIVE"}
    await world.tick()
    assert sorted(world.channel.left) == ["ada@example.com", "bob@example.com"]
    events = await Event.filter(kind="EMAIL_SENT")
    assert [row.data for row in events] == [{"transactional": True}] * 2


async def test_one_other_email_lets_an_unsubscribe_end_the_whole_campaign(world: World) -> None:
    first, second = await Step.all().order_by("number")
    other = await create_template(world.context, name="T", subject="x", html="<p>x</p>", transactional=True)
    await Step.filter(id=first.id).update(template_id=other.id)
    await unsubscribe(world.context, world.enrollments[0].person_id)
    ended = await Enrollment.get(id=world.enrollments[0].id)
    assert (ended.status, ended.end_reason) == ("ENDED", PersonCode.UNSUBSCRIBED)
    assert await Send.filter(enrollment_id=ended.id, status="SCHEDULED").count() == 0
    await Step.filter(id=second.id).update(removed_at=NOW)
    await unsubscribe(world.context, world.enrollments[1].person_id)
    assert (await Enrollment.get(id=world.enrollments[1].id)).status == "ACTIVE", "a removed step does not count"


@on_sqlite
@pytest.mark.parametrize(("kinds", "allowed"), [((True, True), True), ((True, False), False), ((), False)])
async def test_whom_a_launch_may_enroll(world: World, kinds: tuple[bool, ...], allowed: bool) -> None:
    campaign = await campaign_of(world, *kinds)
    if not kinds:
        await add_step(world.context, campaign, day=1, step_type=StepType.CALL)
    person, choice = await gone(world.context), Choice("NOW") if kinds else Choice()
    if allowed:
        (shown,) = (await preview(world.context, campaign, [person.id], choice, {})).people
        assert [str(note.code) for note in shown.warnings] == ["UNSUBSCRIBED_GETS_TRANSACTIONAL"]
        await launch(world.context, campaign, [person.id], choice, {})
        await world.tick()
    else:
        with pytest.raises(Refusal) as refusal:
            await launch(world.context, campaign, [person.id], choice, {})
        assert refusal.value.code == PersonCode.UNSUBSCRIBED
    assert ("gone@example.com" in world.channel.left) is allowed


@on_sqlite
@pytest.mark.parametrize("kind", [True, False])
async def test_whom_a_launch_in_the_background_enrolls(world: World, kind: bool) -> None:
    campaign, person = await campaign_of(world, kind), await gone(world.context)
    await start_launch(world.context, campaign, [person.id], Choice("NOW"))
    row = await claim_launch(NOW)
    assert row is not None
    done = await run_launch(row, world.runtime.context, lambda: NOW)
    assert (done.enrolled, done.left_out) == ((1, 0) if kind else (0, 1))


async def test_what_else_stops_an_email_stops_a_transactional_one_too(world: World) -> None:
    await transactional(world)
    ada, bob = world.enrollments
    await world.tick()
    for enrollment in (ada, bob):
        await unsubscribe(world.context, enrollment.person_id)
    await record_reply(world.context, ada.id)
    await record_bounce(world.context, bob.id)
    assert {row.status for row in await Enrollment.all()} == {"ENDED"}
    failed = await Send.filter(status="FAILED")
    assert {row.reason for row in failed} == {CampaignCode.CAMPAIGN_ENDED}


async def test_blocked_domains_stop_a_transactional_email(world: World) -> None:
    await transactional(world)
    await unsubscribe(world.context, world.enrollments[0].person_id)
    await set_blocked_domains(world.context, ["example.com"])
    await world.tick()
    assert world.channel.left == []
    assert {row.reason for row in await Send.filter(status="FAILED")} == {PersonCode.BLOCKED_DOMAIN}


async def test_what_a_rep_writes_is_not_transactional(world: World) -> None:
    await transactional(world)
    send = await Send.filter(enrollment_id=world.enrollments[0].id).order_by("planned_at").first()
    assert send is not None
    await unsubscribe(world.context, send.person_id)
    await edit_email(world.context, send.id, html="<p>Buy now</p>")
    await world.tick()
    failed = await Send.get(id=send.id)
    assert (failed.status, failed.reason) == ("FAILED", PersonCode.UNSUBSCRIBED)
    with pytest.raises(Refusal, match="has unsubscribed"):
        await retry_send(world.context, send.id)
    await Send.filter(id=send.id).update(html=None)
    await retry_send(world.context, send.id)
    await world.tick()
    assert (await Send.get(id=send.id)).status == "SENT"


async def test_a_transactional_email_has_no_line_and_no_header_to_unsubscribe(world: World) -> None:
    messages: list[bytes] = []

    async def keep(outgoing: Outgoing) -> None:
        messages.append(outgoing.message)

    world.channel.before = keep
    world.runtime = replace(world.runtime, unsubscribe_url=lambda person: "https://t.example/unsubscribe/a/b/c")
    await transactional(world)
    await world.tick()
    for message in messages:
        assert b"nsubscribe" not in message
        assert message_from_bytes(message)["List-Unsubscribe"] is None
    assert len(messages) == 2


@on_sqlite
async def test_a_template_that_is_changed_while_its_email_is_handed_over_is_checked_again(world: World) -> None:
    """The last check before the transmission reads the template as it is then."""
    await transactional(world)
    person = world.enrollments[0].person_id
    await unsubscribe(world.context, person)

    async def change(_outgoing: Outgoing) -> None:
        await Template.all().update(transactional=False)

    world.channel.before = change
    await world.tick()
    assert "ada@example.com" not in world.channel.left


async def test_an_unsubscribe_while_an_email_is_handed_over_stops_all_but_transactional_ones(world: World) -> None:
    (first, _) = await Step.all().order_by("number")
    assert first.template_id is not None

    async def unsubscribe_now(outgoing: Outgoing) -> None:
        await suppress_address(world.context, outgoing.recipient)

    world.channel.before = unsubscribe_now
    await world.tick()
    assert world.channel.left == []
    assert {row.reason for row in await Send.filter(step_id=first.id)} == {PersonCode.UNSUBSCRIBED}


async def test_a_rename_to_an_unsubscribed_address_keeps_transactional_campaigns(world: World) -> None:
    await transactional(world)
    await suppress_address(world.context, "new@example.com")
    await update_person(world.context, world.enrollments[0].person_id, email="new@example.com")
    assert (await Enrollment.get(id=world.enrollments[0].id)).status == "ACTIVE"
    await world.tick()
    assert "new@example.com" in world.channel.left


@on_sqlite
async def test_the_flag_cannot_be_null(world: World) -> None:
    template = await Template.all().first()
    assert template is not None
    with pytest.raises(Refusal) as refusal:
        await update_template(world.context, template.id, transactional=None)
    assert refusal.value.path == ("transactional",)
