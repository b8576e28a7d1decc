"""Tracked links and the pixel over HTTP: where they lead, what they count, and what they answer to anything else."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from itertools import count

import httpx
import pytest

from api.http.tracking_pages import OWN_COOKIE, PIXEL
from api.mail.tracking.signed_urls import EmailTracking, TrackingLinks, encode_target, tracking_key
from api.store.engine.sql import document, execute
from tests.client import SECRET
from tests.live import PATIENCE, Live

OLD_SECRET = "mB7yXw1VvS9tLr2Hn8Dc4Ge6JfPaQuTiOx0s5bq0Zk3"
CHROME = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/146.0 Safari/537.36"}
TARGET = "https://example.com/?a=1&b=\u00fc#top"
EMAIL = "snd_01abc"

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def environment() -> dict[str, str]:
    return {
        "TOUCHLINE_TRACKING_URL": "https://go.example.com",
        "TOUCHLINE_SECRET": SECRET,
        "TOUCHLINE_SECRET_OLD": OLD_SECRET,
        "TOUCHLINE_OWN_NETWORKS": "203.0.113.0/24, 2001:db8::/32",
        "TOUCHLINE_TRUSTED_PROXIES": "127.0.0.1",
    }


def tracking(secret: str = SECRET, email: str = EMAIL) -> EmailTracking:
    return EmailTracking(TrackingLinks("", tracking_key(secret), ""), email, True)


def click_path(url: str = TARGET, secret: str = SECRET, email: str = EMAIL) -> str:
    target = encode_target(url)
    assert target is not None
    return tracking(secret, email).click_url(target)


PIXEL_PATH = tracking().pixel_url


_numbers = count()


async def stored(web: httpx.AsyncClient) -> list[tuple[str, dict[str, str]]]:
    """Return the stored events. A click stores everything that waits, so one more click is made and left out."""
    last = f"https://last.example/{next(_numbers)}"
    await web.get(click_path(last))
    async with asyncio.timeout(PATIENCE):
        while True:
            rows = await execute("SELECT source, kind, details FROM incoming_event ORDER BY id")
            events = [(row["kind"], document(row["details"])) for row in rows]
            if any(details.get("url") == last for _, details in events):
                assert {row["source"] for row in rows} == {"tracking"}
                return [event for event in events if "last.example" not in event[1].get("url", "")]
            await asyncio.sleep(0)


@pytest.fixture
async def web(live: Live) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=live.http.base_url, headers=CHROME, timeout=PATIENCE) as client:
        yield client


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
async def test_a_click_leads_to_the_link_and_is_stored_before_that(web: httpx.AsyncClient, secret: str) -> None:
    answer = await web.get(click_path(secret=secret))
    (row,) = await execute("SELECT kind, details FROM incoming_event")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "https://example.com/?a=1&b=%C3%BC#top"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert row["kind"] == "CLICKED"
    assert document(row["details"]) == {"email_id": EMAIL, "url": TARGET, "detail": "BROWSER"}


async def test_the_pixel(web: httpx.AsyncClient) -> None:
    answer = await web.get(PIXEL_PATH)
    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, PIXEL, "image/gif")
    assert len(PIXEL) <= 100
    assert answer.headers["Cache-Control"].startswith("no-store")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Set-Cookie" not in answer.headers
    assert await stored(web) == [("OPENED", {"email_id": EMAIL, "detail": "BROWSER"})]


async def test_wrong_urls_answer_alike_and_count_nothing(web: httpx.AsyncClient) -> None:
    good = click_path()
    _, _, email, target, signature = good.split("/")
    nowhere = await web.get("/nothing/at/all/here")
    wrong = [
        f"/click/{email}/{target}/{signature[:-2]}AA",
        f"/click/{email}x/{target}/{signature}",
        f"/click/{email}/{encode_target('https://evil.example/')}/{signature}",
        f"/click/{email}/{target}x/{signature}",
        f"/click/{email}/%FF%00/{signature}",
        f"/click/{email}/{'x' * 8_000}/{signature}",
        f"/click/{email}/{target}/{'%C3%BC' * 22}",
        f"/click/%0D%0Ax/{target}/{signature}",
        click_path("javascript:alert(1)"),
        click_path("data:text/html,x"),
        click_path("https://example.com/\r\nSet-Cookie: x=1"),
        click_path("//example.com"),
        click_path(secret="A secret that this server has never seen at all"),
    ]
    for path in wrong:
        answer = await web.get(path)
        assert (answer.status_code, answer.content) == (404, nowhere.content), path
        assert dict(answer.headers) | {"date": ""} == dict(nowhere.headers) | {"date": ""}, path
    for path in (
        PIXEL_PATH[:-6] + "AA.gif",
        "/open/",
        "/open/x",
        f"/open/{email}",
        f"/open/{email}/%FF",
        "/open/a/b/c",
    ):
        answer = await web.get(path)
        assert (answer.status_code, answer.content) == (200, PIXEL), path
        assert "no-store" in answer.headers["Cache-Control"]
    assert await stored(web) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Purpose": "prefetch"},
        {"X-Purpose": "preview"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"X-Moz": "prefetch"},
        {"Cookie": f"{OWN_COOKIE}=1"},
        {"X-Forwarded-For": "203.0.113.7"},
        {"X-Forwarded-For": "2001:db8::7"},
        {"X-Forwarded-For": "::ffff:203.0.113.7"},
    ],
)
async def test_prefetches_and_own_hits_count_nothing(web: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert (await web.get(click_path(), headers=headers)).status_code == 302
    assert (await web.get(PIXEL_PATH, headers=headers)).content == PIXEL
    assert await stored(web) == []


async def test_head_counts_nothing_and_post_is_refused(web: httpx.AsyncClient) -> None:
    answer = await web.head(click_path())
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://example.com/?a=1&b=%C3%BC#top")
    answer = await web.head(PIXEL_PATH)
    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, b"", "image/gif")
    assert {(await web.post(path)).status_code for path in (click_path(), PIXEL_PATH)} == {405}
    assert await stored(web) == []


async def test_repeated_loads_count_once(web: httpx.AsyncClient) -> None:
    for _ in range(3):
        await web.get(PIXEL_PATH)
        await web.get(click_path())
    await web.get(PIXEL_PATH, headers={"User-Agent": "Mozilla/5.0"})
    await web.get(click_path("https://example.com/other"))
    assert [(kind, details["detail"]) for kind, details in await stored(web)] == [
        ("OPENED", "BROWSER"),
        ("CLICKED", "BROWSER"),
        ("OPENED", "APPLE_PRIVACY"),
        ("CLICKED", "BROWSER"),
    ]


async def test_a_burst_of_opens_is_stored_in_few_transactions(web: httpx.AsyncClient) -> None:
    await asyncio.gather(*(web.get(tracking(email=f"snd_{number}").pixel_url) for number in range(50)))
    assert len(await stored(web)) == 50
    (row,) = await execute("SELECT count(DISTINCT stored_at) AS batches FROM incoming_event")
    assert row["batches"] <= 5


async def test_clicks_redirect_while_the_database_is_away_and_are_stored_later(
    web: httpx.AsyncClient, database_url: str
) -> None:
    other = sqlite3.connect(database_url.removeprefix("sqlite://").split("?")[0], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        answer = await web.get(click_path())
        assert (answer.status_code, (await web.get(PIXEL_PATH)).content) == (302, PIXEL)
    finally:
        other.close()
    assert [kind for kind, _ in await stored(web)] == ["CLICKED", "OPENED"]


async def test_ones_own_browser(web: httpx.AsyncClient) -> None:
    page = await web.get("/own-browser")
    assert "count." in page.text
    assert "Set-Cookie" not in page.headers
    answer = await web.post("/own-browser?count=no")
    cookie = answer.headers["Set-Cookie"]
    assert "do not count" in answer.text
    assert all(word in cookie for word in (f"{OWN_COOKIE}=1", "HttpOnly", "Secure", "SameSite=none", "Path=/"))
    answer = await web.post("/own-browser?count=yes", headers={"Cookie": f"{OWN_COOKIE}=1"})
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    answer = await web.post("/own-browser?count=no", headers={"Sec-Fetch-Site": "cross-site"})
    assert "Set-Cookie" not in answer.headers
    assert await stored(web) == []


@pytest.mark.parametrize("environment", [{}], indirect=False)
async def test_without_a_secret_nothing_was_ever_signed(live: Live) -> None:
    assert (await live.http.get(click_path())).status_code == 404
    assert (await live.http.get(PIXEL_PATH)).status_code == 404
