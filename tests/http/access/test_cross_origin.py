"""CORS: pages of the origins in TOUCHLINE_CORS_ORIGINS may use the GraphQL endpoint, and no others."""

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.client import Client, new_client, serving
from tests.live import listening
from tests.served import NOW

APP = "https://app.example.com"
ORIGINS = {"TOUCHLINE_CORS_ORIGINS": f"{APP}, http://localhost:5173"}


@pytest.fixture
def environment() -> dict[str, str]:
    return ORIGINS


async def preflight(
    http: httpx.AsyncClient, origin: str, method: str = "POST", path: str = "/graphql"
) -> httpx.Response:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization, x-client-name"}
    return await http.options(path, headers={"Origin": origin} | asked)


async def ask(client: Client, origin: str | None, **headers: str) -> httpx.Response:
    given = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"} | headers
    given |= {"Origin": origin} if origin else {}
    return await client.http.post("/graphql", content='{"query": "{ __typename }"}', headers=given)


@pytest.mark.parametrize("origin", [APP, "http://localhost:5173"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_preflight_request_of_an_origin_is_allowed_without_a_token(
    http: httpx.AsyncClient, origin: str, method: str
) -> None:
    answer = await preflight(http, origin, method)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert method in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization, x-client-name"
    assert int(answer.headers["Access-Control-Max-Age"]) > 600
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://app.example.com", f"{APP}:8443", f"{APP}.evil.example", "null", "", "*"],
)
async def test_other_origins_are_not_allowed(client: Client, origin: str) -> None:
    refused = await preflight(client.http, origin)
    assert refused.status_code == 400
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert "Access-Control-Allow-Origin" not in (await ask(client, origin)).headers


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH"])
async def test_other_methods_are_not_allowed(http: httpx.AsyncClient, method: str) -> None:
    assert (await preflight(http, APP, method)).status_code == 400


async def test_a_page_reads_answers_and_errors(client: Client) -> None:
    done, denied = await ask(client, APP), await ask(client, APP, Authorization="Bearer wrong")
    form = await ask(client, APP, **{"Content-Type": "text/plain"})
    assert [answer.status_code for answer in (done, denied, form)] == [200, 401, 415]
    for answer in (done, denied, form):
        assert answer.headers["Access-Control-Allow-Origin"] == APP
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
        assert "Origin" in answer.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in answer.headers
    own = await ask(client, None)
    assert (own.status_code, own.headers.get("Access-Control-Allow-Origin")) == (200, None)


async def test_only_the_graphql_endpoint_is_open_to_other_origins(http: httpx.AsyncClient) -> None:
    for path in ("/health", "/graphiql", "/ready", "/metrics", "/webhooks/generic"):
        answer = await http.get(path, headers={"Origin": APP})
        assert "Access-Control-Allow-Origin" not in answer.headers, path
        assert (await preflight(http, APP, path=path)).status_code in {404, 405}, path


async def test_options_without_a_preflight_request_runs_nothing(client: Client) -> None:
    headers = {"Authorization": f"Bearer {client.token}"}
    answer = await client.http.options("/graphql?query={__typename}", headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")


async def test_without_the_setting_no_origin_is_allowed(database_url: str) -> None:
    async with serving(database_url) as http:
        client = await new_client(http, NOW)
        assert (await preflight(http, APP)).status_code == 405
        answer = await ask(client, APP)
        assert answer.status_code == 200
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "Origin" not in answer.headers.get("Vary", "")


async def test_a_star_allows_all_origins(database_url: str) -> None:
    async with serving(database_url, {"TOUCHLINE_CORS_ORIGINS": "*"}) as http:
        client = await new_client(http, NOW)
        for origin in (APP, "null"):
            assert (await preflight(http, origin)).headers["Access-Control-Allow-Origin"] == "*"
            answer = await ask(client, origin)
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_pages_of_the_origins_open_websockets(database_url: str) -> None:
    async with listening(database_url, ORIGINS) as live:
        rep = await new_client(live.http, NOW)
        async with live.opened(rep.token, origin=APP) as socket:
            assert await socket.ask("{ __typename }") == {"data": {"__typename": "Query"}}
        with pytest.raises(InvalidStatus):
            async with live.opened(rep.token, origin="https://evil.example"):
                pass
