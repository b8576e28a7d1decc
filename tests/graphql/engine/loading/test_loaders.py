"""The number of SQL statements does not grow with the number of rows."""

import logging
import weakref

import pytest

from api.graphql.engine.loading.loaders import Loaders
from tests import story
from tests.client import Client
from tests.served import UNLIMITED

QUERY = """{
  campaigns(first: 200) { nodes { name sender { name } category { name }
    steps { number template { name } sendOptions { key available } followUpAvailable } days { number } } }
  enrollments(first: 200) { nodes { person { email } campaign { name }
    progress { step { name } email { status person { email } sender { name } } task { status assignee { name } } } } }
  emails(first: 200) { nodes { step { name template { name } } enrollment { status } } }
  tasks(first: 200) { nodes { person { email } step { name } } }
  events(first: 200) { nodes { kind person { email } campaign { name } email { status } task { status } } }
}"""

MORE = 37
"""Campaigns that are added between two queries. A statement for each of them would be as many more."""


async def fill(client: Client, sender: str, template: str, first: int, last: int) -> None:
    """Add campaigns of two emails and a call, each launched for one person."""
    for number in range(first, last):
        campaign = await story.campaign(client, sender, name=f"Campaign {number}")
        email = {"type": "EMAIL", "sendOption": "at_time", "config": {"at": "09:30"}, "templateId": template}
        await story.step(client, campaign, day=1, **email)
        await story.step(client, campaign, day=2, **email)
        await story.step(client, campaign, day=3, type="CALL")
        person = await story.person(client, f"p{number}@example.com")
        await client.do(story.LAUNCH, "enrollments", input={"campaignId": campaign, "personIds": [person]})


async def statements(client: Client, caplog: pytest.LogCaptureFixture) -> int:
    """Count the statements of the query."""
    caplog.clear()
    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        await client.ask(QUERY)
    return len([record for record in caplog.records if record.name == "tortoise.db_client"])


@pytest.fixture
def environment() -> dict[str, str]:
    """More is asked at once than a token may spend."""
    return UNLIMITED


async def test_no_statement_for_each_row(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    sender, template = await story.sender(client), await story.template(client)
    await fill(client, sender, template, 0, 3)
    await client.do(story.ADVANCE, "now", to="2026-03-02T09:00:00Z")  # events of emails name no campaign
    few = await statements(client, caplog)
    assert 10 < few < 40
    await fill(client, sender, template, 3, 3 + MORE)
    await client.do(story.ADVANCE, "now", to="2026-03-02T10:00:00Z")
    # Lists are executed in time slices, and what a slice needs is read in one statement. A busy machine makes more.
    assert 10 < await statements(client, caplog) < few + MORE


async def test_what_was_loaded_is_freed_with_its_loaders() -> None:
    loaders = Loaders("wsp")
    gone = weakref.ref(loaders)
    del loaders
    assert gone() is None
