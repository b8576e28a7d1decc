"""The kind of an event, as a client reads it."""

from datetime import UTC, datetime

from api.models import Event
from tests.client import Client

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def test_the_kind_of_a_package_is_other(client: Client) -> None:
    workspace = (await client.ask("{ workspace { id } }"))["workspace"]["id"]
    for number, kind in enumerate(("EMAIL_SENT", "ACME_CALL_LOGGED", "OTHER", "email_sent")):
        await Event.create(id=f"evt_{number}", workspace_id=workspace, kind=kind, at=AT, data={})
    answer = await client.ask("{ events { nodes { kind rawKind } } }")
    assert [(each["kind"], each["rawKind"]) for each in reversed(answer["events"]["nodes"])] == [
        ("EMAIL_SENT", "EMAIL_SENT"),
        ("OTHER", "ACME_CALL_LOGGED"),
        ("OTHER", "OTHER"),
        ("OTHER", "email_sent"),
    ]
    answer = await client.ask("{ events(first: 1) { nodes { __typename again: kind } } }")
    assert answer["events"]["nodes"] == [{"__typename": "Event", "again": "OTHER"}]
