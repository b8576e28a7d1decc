"""Each email has its own envelope sender if return addresses are set, else the sender's address."""

from dataclasses import replace

import pytest

from api.mail.return_address import ReturnAddresses
from api.models import Send
from plugins.contract import Outgoing
from tests.databases import on_sqlite
from tests.services.world import World, make_world

RETURNS = ReturnAddresses("bounces@example.com", "k3J9-secret-of-the-tests-Qm2x7Zp1")


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(3)


async def envelopes(world: World) -> dict[str, str]:
    """Return the envelope sender of each email that is sent now."""
    found: dict[str, str] = {}

    async def note(outgoing: Outgoing) -> None:
        found[outgoing.send_id] = outgoing.envelope_from

    world.channel.before = note
    await world.tick()
    return found


async def test_each_email_has_its_own_envelope_sender(world: World) -> None:
    world.runtime = replace(world.runtime, return_addresses=RETURNS)
    found = await envelopes(world)
    assert len(found) == len(set(found.values())) == 3
    assert {key: RETURNS.send_id(address) for key, address in found.items()} == {key: key for key in found}
    assert await Send.filter(status="SENT").count() == 3


@on_sqlite
async def test_without_the_setting_it_is_the_senders_address(world: World) -> None:
    assert set((await envelopes(world)).values()) == {"g@example.com"}
