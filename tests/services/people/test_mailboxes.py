"""Different mailboxes are different people, suppressions and senders; one mailbox is one, however it is written."""

from typing import Any

import pytest

from api.models import Campaign, Person, Sender, Workspace
from api.services.common.lists.row_lists import Window
from api.services.launches.launch import Choice, launch
from api.services.people import person_reads
from api.services.people.imports import start_import
from api.services.people.people import create_person, update_person
from api.services.people.suppression_files import import_suppressions
from api.services.people.suppressions import resubscribe, suppress_address
from api.services.replies.bounces import record_bounce
from api.services.workspaces.senders import create_sender
from api.services.workspaces.workspaces import set_blocked_domains
from api.store.people.suppressions import suppressed_keys
from strategies import Refusal
from tests.services.jobs.claims import run_import
from tests.services.world import NOW, World, make_world

TWO = [
    ("o\ufb03ce@example.com", "office@example.com"),
    ("ß@straße.de", "ss@strasse.de"),
    ("\u0131@example.com", "i@example.com"),
]
ONE = [
    ("νικος.παπας@example.com", "ΝΙΚΟΣ.ΠΑΠΑΣ@Example.com"),
    ("ju\u0308rgen@müller.de", "JÜRGEN@xn--mller-kva.de"),
    ("\u212aim@ｅｘａｍｐｌｅ。com", "kim@example.com"),
]


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(1)


async def imported(world: World, *rows: tuple[str, str]) -> Any:
    source = "email,first_name\n" + "\n".join(",".join(row) for row in rows)
    return await run_import(await start_import(world.context, source), lambda: NOW)


async def refused(work: Any) -> str:
    with pytest.raises(Refusal) as caught:
        await work
    return caught.value.code


async def test_different_mailboxes_are_different_people(world: World) -> None:
    for one, other in TWO:
        await create_person(world.context, one, first_name="One")
        done = await imported(world, (other, "Other"), (one, "First"), (other, "Second"))
        assert (done.created, done.updated, done.repeated) == (1, 2, 1)
        names = {person.email: person.first_name for person in await Person.filter(email__in=[one, other])}
        assert names == {one: "First", other: "Second"}
        await suppress_address(world.context, one)
        keys = [person.email_key for person in await Person.filter(email__in=[one, other])]
        assert await suppressed_keys(world.context.workspace_id, keys) == {one}


async def test_one_mailbox_is_one_person(world: World) -> None:
    for one, other in ONE:
        person = await create_person(world.context, one)
        assert await refused(create_person(world.context, other)) == "PERSON_EXISTS"
        done = await imported(world, (other, "Other"), (one, "One"))
        assert (done.created, done.updated, done.repeated) == (0, 2, 1)
        await suppress_address(world.context, other)
        assert (await import_suppressions(world.context, one)).unchanged == 1
        await resubscribe(world.context, one, "Asked for emails")
        listed = await person_reads.people(world.context, person_reads.PersonFilter(address_begins=other))
        found, _ = await listed.page(Window(50))
        assert [row.id for row in found] == [person.id]


async def test_a_bounce_is_of_the_mailbox_that_it_was_sent_to(world: World) -> None:
    for number, (one, other) in enumerate((*TWO, *ONE)):
        person = await create_person(world.context, one)
        (enrollment,) = await launch(world.context, (await Campaign.get()).id, [person.id], Choice("NOW", {}), {})
        await world.tick()
        await update_person(world.context, person.id, email=other)
        await record_bounce(world.context, enrollment.id)
        assert ((await Person.get(id=person.id)).bounced_at is None) == (number < len(TWO)), one


async def test_different_mailboxes_are_different_senders(world: World) -> None:
    for one, other in TWO:
        for email in (one, other):
            await create_sender(world.context, name="A", email=email, zone="UTC")
    for one, other in ONE:
        await create_sender(world.context, name="A", email=one, zone="UTC")
        assert await refused(create_sender(world.context, name="A", email=other, zone="UTC")) == "SENDER_EXISTS"
    assert await Sender.filter(email_key="").count() == 0


async def test_domains_are_blocked_as_mail_servers_know_them(world: World) -> None:
    spelled = ["MÜLLER.de。", "xn--mller-kva.de", "ｍüller．de", "straße.de"]
    assert (await set_blocked_domains(world.context, spelled)).blocked_domains == ["müller.de", "straße.de"]
    with pytest.raises(Refusal, match="250,000 characters together"):
        await set_blocked_domains(world.context, [f"d{number}.{'a' * 60}.example" for number in range(4_000)])
    assert (await Workspace.get(id=world.context.workspace_id)).blocked_domains == ["müller.de", "straße.de"]
