"""Addresses of the CRM: senders are linked with the users who have the same mailbox, and keys fit into their column."""

import pytest

from api.models import CrmUser
from api.services.crm.connections.users import link_users
from api.services.crm.people.records import normal_address
from api.services.workspaces.senders import create_sender
from plugins.crms.people_and_activities import RemoteUser
from tests.services.world import make_world

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.parametrize("database_kind", ["sqlite"])]


async def test_a_sender_is_the_user_with_the_same_mailbox() -> None:
    context = (await make_world()).context
    senders = {
        name: await create_sender(context, name=name, email=address, zone="UTC", channel="outbox")
        for name, address in (
            ("ligature", "o\ufb03ce@example.com"),
            ("sharp s", "stra\u00dfe@example.com"),
            ("international", "ada@m\u00fcller.de"),
            ("composed", "caf\u00e9@example.com"),
        )
    }
    users = [
        RemoteUser("1", "office@example.com", "Somebody else"),
        RemoteUser("2", "strasse@example.com", "Somebody else"),
        RemoteUser("3", " ADA@XN--MLLER-KVA.DE", "Ada"),
        RemoteUser("4", "cafe\u0301@example.com", "Caf\u00e9"),
        RemoteUser("5", "no address", "Nobody"),
        RemoteUser("6", "x" * 400 + "@example.com", "Nobody"),
    ]
    await link_users(context.workspace_id, "stub", "org", users)
    linked = {row.sender_id: row.user_id for row in await CrmUser.all()}
    assert linked == {senders["international"].id: "3", senders["composed"].id: "4"}


async def test_an_address_whose_key_does_not_fit_has_no_key() -> None:
    assert normal_address(" Ada@Example.com ") == "ada@example.com"
    assert normal_address("\u0130" * 100 + "@example.com") == "i\u0307" * 100 + "@example.com"
    assert normal_address("\u0130" * 200 + "@example.com") is None, "its key has 412 characters"
    assert normal_address("no address") is None
