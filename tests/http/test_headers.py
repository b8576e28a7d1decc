"""Headers that every answer has: no cache keeps it, no page frames it, and no address comes from the Host header."""

import base64
import hashlib
import re

import httpx
import pytest

from api.http.unsubscribing.page_routes import link_maker
from api.models import Person
from api.settings import Settings
from tests import story
from tests.client import SECRET, Client, new_client, serving
from tests.served import NOW

ENVIRONMENT = {
    "TOUCHLINE_PUBLIC_URL": "https://touchline.example",
    "TOUCHLINE_SECRET": SECRET,
}


@pytest.fixture
def database_kind() -> str:
    """The headers do not depend on the database."""
    return "sqlite"


def check(answer: httpx.Response) -> None:
    headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe-eval" not in headers["Content-Security-Policy"]
    assert "script-src 'unsafe-inline'" not in headers["Content-Security-Policy"]
    assert "location" not in headers or headers["location"].startswith("/")
    assert "server" not in headers


async def test_every_answer_of_graphql_is_kept_by_no_cache(client: Client) -> None:
    headers = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"}
    answers = [
        await client.http.post("/graphql", content='{"query": "{ workspace { name } }"}', headers=headers),
        await client.http.post("/graphql", content='{"query": "{ nothing }"}', headers=headers),
        await client.http.post("/graphql", content="not JSON", headers=headers),
        await client.http.post("/graphql", content="{}", headers=headers | {"Content-Type": "text/plain"}),
        await client.http.post("/graphql", content="{}"),
        await client.http.get("/graphql"),
        await client.http.request("OPTIONS", "/graphql"),
        await client.http.post("/graphql/", content="{}"),
        await client.http.get("/nowhere"),
        await client.http.get("/health"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 400, 415, 401, 401, 405, 404, 404, 200]
    for answer in answers:
        check(answer)
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:99", "[", "a b", "evil.example/x?y#z", "x" * 5_000])
async def test_no_answer_follows_the_host_header(client: Client, host: str) -> None:
    pages = (
        "/",
        "/graphql/",
        "/graphiql",
        "/graphiql/",
        "/graphiql/page.js",
        "/health/",
        "/ready/",
        "/unsubscribe/a/b/",
    )
    for page in pages:
        answer = await client.http.get(page, headers={"Host": host})
        assert answer.status_code in {200, 307, 404, 405, 503}, page
        assert "evil" not in answer.headers.get("location", "")
        assert "evil" not in answer.text
        check(answer)


async def test_the_unsubscribe_page_has_a_policy_of_its_own(database_url: str) -> None:
    async with serving(database_url, ENVIRONMENT) as http:
        person = await Person.get(id=await story.person(await new_client(http, NOW), "a@example.com"))
        link = str(link_maker(Settings.read(ENVIRONMENT))(person))
        assert link.startswith("https://touchline.example/unsubscribe/"), "whatever the Host header says"
        for answer in (await http.get(link), await http.post(link), await http.get(link + "0")):
            check(answer)
            policy = answer.headers["Content-Security-Policy"]
            (style,) = re.findall(r"(?s)<style>(.*?)</style>", answer.text)
            digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
            assert f"style-src 'sha256-{digest}'" in policy
            assert "form-action 'self'" in policy
            assert "style=" not in answer.text
            assert answer.headers["Cache-Control"] == "no-store"


async def test_graphiql_has_a_policy_of_its_own(client: Client) -> None:
    for page in ("/graphiql", "/graphiql/page.js", "/graphiql/page.css", "/graphiql/tabs.json", "/graphiql/assets/x"):
        check(await client.http.get(page))


async def test_a_new_secret_leaves_the_links_in_sent_emails_alone(database_url: str) -> None:
    async with serving(database_url, ENVIRONMENT) as http:
        person = await Person.get(id=await story.person(await new_client(http, NOW), "a@example.com"))
    link = str(link_maker(Settings.read(ENVIRONMENT))(person))
    new = ENVIRONMENT | {"TOUCHLINE_SECRET": SECRET[::-1]}
    for old, status in ({}, 404), ({"TOUCHLINE_SECRET_OLD": SECRET}, 200), ({"TOUCHLINE_SECRET_OLD": "other"}, 404):
        async with serving(database_url, new | old) as http:
            assert (await http.get(link)).status_code == status
            by_new = str(link_maker(Settings.read(new | old))(person))
            assert by_new != link, "an old secret signs nothing"
            assert (await http.get(by_new)).status_code == 200
