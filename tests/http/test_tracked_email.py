"""From the campaign's setting to the counts of its email, over a restart of the server, on both databases."""

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import httpx
import pytest

from api.clock import system_clock
from api.make_runtime import make_ticker
from api.models import Send
from api.services.dispatch.dispatcher import run_once
from api.settings import Settings
from api.store.engine.sql import execute
from plugins.loading.manager import load
from tests import story
from tests.client import SECRET, Client, new_client, serving

CHROME = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/146.0 Safari/537.36"}
HTML = '<p>Hi {{ first_name }}, <a href="https://a.example/?x=1&amp;y={{ email }}">see</a> or <a href="https://b.example">b</a></p>'
COUNTS = "{ emails { nodes { opens clicks machineOpens machineClicks openedAt clickedAt } } }"
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return {
        "TOUCHLINE_TRACKING_URL": "https://go.example.com/",
        "TOUCHLINE_SECRET": SECRET,
        "TOUCHLINE_OUTBOX": str(tmp_path / "outbox"),
    }


async def send(client: Client, environment: dict[str, str]) -> None:
    """Send one email of a campaign that tracks opens and clicks."""
    sender = await story.sender(client, channel="outbox")
    campaign = await story.campaign(client, sender, tracking="OPENS_AND_CLICKS")
    template = await story.template(client, html=HTML)
    email = {"type": "EMAIL", "templateId": template, "sendOption": "choose_at_launch"}
    await story.step(client, campaign, day=1, **email)
    person = await story.person(client)
    await client.do(story.LAUNCH, "enrollments", input={"campaignId": campaign, "personIds": [person], "sendNow": True})
    ticker = make_ticker(Settings.read(environment), load(environment))
    await run_once(ticker.runtime, system_clock())
    await Send.all().update(sent_at=system_clock() - timedelta(hours=1))


async def work(environment: dict[str, str]) -> None:
    """Do what is due, as the tick loop of a process does."""
    ticker = make_ticker(Settings.read(environment), load(environment), system_clock)
    await ticker.until_idle()


def urls(environment: dict[str, str]) -> tuple[list[str], str]:
    """Return the paths of the email's tracked links, and of its pixel."""
    (file,) = Path(environment["TOUCHLINE_OUTBOX"]).glob("*.eml")
    body = message_from_bytes(file.read_bytes(), policy=policy.default).get_body(("html",))
    assert body is not None
    html = body.get_content()
    links = re.findall(r'href="https://go\.example\.com(/click/[^"]+)"', html)
    (pixel,) = re.findall(r'<img src="https://go\.example\.com(/open/[^"]+)" width="1" height="1" alt="">', html)
    return links, pixel


async def counts(client: Client) -> dict[str, object]:
    (email,) = (await client.ask(COUNTS))["emails"]["nodes"]
    return {name: bool(value) if name.endswith("At") else value for name, value in email.items()}


@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)
async def test_from_the_setting_to_the_counts(database_url: str, settings: dict[str, str]) -> None:
    environment = settings | {"TOUCHLINE_DATABASE_URL": database_url}
    async with serving(database_url, settings) as http:
        client = await new_client(http, MONDAY, sandbox=False)
        await send(client, environment)
        (first, second), pixel = urls(environment)
        answer = await http.get(first, headers=CHROME)
        assert answer.headers["Location"] == "https://a.example/?x=1&y=ada@example.com"
        assert (await http.get(second, headers=CHROME | {"Purpose": "prefetch"})).headers[
            "Location"
        ] == "https://b.example"
        for agent in (CHROME, {"User-Agent": "Mozilla/5.0"}, CHROME):
            assert (await http.get(pixel, headers=agent)).status_code == 200
    # The server has stopped. The next one finds what it stored on its way out, and does what is left.
    async with serving(database_url, settings) as http:
        again = Client(http, client.token, client.workspace)
        rows = await execute("SELECT kind FROM incoming_event WHERE done_at IS NULL ORDER BY id")
        assert sorted(row["kind"] for row in rows) == ["CLICKED", "OPENED", "OPENED"]
        await work(environment)
        one = {"opens": 1, "machineOpens": 1, "openedAt": True, "clicks": 1, "machineClicks": 0, "clickedAt": True}
        assert await counts(again) == one
        events = (await again.ask("{ events(first: 5) { nodes { kind data } } }"))["events"]["nodes"]
        hits = [(event["kind"], event["data"]) for event in events if event["kind"] in {"OPENED", "CLICKED"}]
        assert ("CLICKED", {"url": "https://a.example/?x=1&y=ada@example.com", "agent": "BROWSER"}) in hits
        # Both links within seconds: a gateway.
        await http.get(second, headers=CHROME)
        await work(environment)
        assert await counts(again) == one | {"clicks": 0, "machineClicks": 2, "clickedAt": False}


async def test_links_work_when_tracking_is_switched_off_and_the_secret_is_replaced(
    database_url: str, settings: dict[str, str]
) -> None:
    async with serving(database_url, settings) as http:
        await send(await new_client(http, MONDAY, sandbox=False), settings | {"TOUCHLINE_DATABASE_URL": database_url})
    links, _ = urls(settings)
    later = {"TOUCHLINE_SECRET": "yB7mXw1VvS9tLr2Hn8Dc4Ge6JfPaQuTiOx0s5bq0Zk3", "TOUCHLINE_SECRET_OLD": SECRET}
    async with serving(database_url, later) as http:
        answers: list[httpx.Response] = [await http.get(link, headers=CHROME) for link in links]
        assert [answer.status_code for answer in answers] == [302, 302]
