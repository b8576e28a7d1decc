"""A server on SQLite and two workspaces: what GraphQL answers does not depend on the database."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import httpx
import pytest

from tests import story
from tests.client import Client, new_client, serving
from tests.live import Live, listening

EXPECTED = (
    "secret of the house",  # a fault of ours that a test makes
    "Resetting connection",  # asyncpg's line on one that a cancelled request gives back in the middle of its BEGIN
    "Failed to restore the pool connection floor",  # asyncpg's line while PostgreSQL is away
)
NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    """The embedded default, unless a test asks for another."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def environment() -> dict[str, str]:
    """The settings of the server. Tests that ask for more than a token may spend have a fixture of their own."""
    return {}


@pytest.fixture
async def http(database_url: str, environment: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """The running server."""
    async with serving(database_url, environment) as running:
        yield running


UNLIMITED = {"TOUCHLINE_REQUEST_COST": "1000000000", "TOUCHLINE_MINUTE_COST": "1000000000"}


@pytest.fixture
async def client(http: httpx.AsyncClient) -> Client:
    """A sandbox on Monday, 2026-03-02, 08:00 in Berlin."""
    return await new_client(http, NOW)


@pytest.fixture
async def stranger(http: httpx.AsyncClient) -> Client:
    """Another workspace of the same server."""
    return await new_client(http, NOW)


@pytest.fixture
async def live(database_url: str, environment: dict[str, str]) -> AsyncIterator[Live]:
    """A server that listens on loopback, for what goes over websockets."""
    async with listening(database_url, environment) as running:
        yield running


@pytest.fixture
async def rep(live: Live) -> Client:
    """A client of the server on loopback: a sandbox, as ``client``."""
    return await new_client(live.http, NOW)


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What clients get wrong is no news: nothing is logged as an error, and no traceback."""
    yield
    loud = [record for record in caplog.get_records("call") if record.levelname == "ERROR" or record.exc_info]
    told = [f"{record.getMessage()} {record.exc_info}" for record in loud]
    assert [text for text in told if not any(known in text for known in EXPECTED)] == []


@pytest.fixture
async def campaign(client: Client) -> str:
    """Two emails for two people, launched on Monday at 08:00 in Berlin: at 09:30, and on Wednesday at that time."""
    made = await story.campaign(client, await story.sender(client), skipWeekends=True)
    email = {"type": "EMAIL", "templateId": await story.template(client)}
    await story.step(client, made, day=1, sendOption="at_time", config={"at": "09:30"}, **email)
    await story.step(client, made, day=3, sendOption="same_time_as_previous", **email)
    people = [await story.person(client, f"p{number}@example.com") for number in range(2)]
    await client.do(story.LAUNCH, "enrollments", input={"campaignId": made, "personIds": people})
    return made
