"""What an operator reads: whether the process is well, and numbers without names."""

import asyncio
from contextlib import suppress

import httpx
import pytest

from api.background_jobs import JOB_KINDS
from api.http.monitoring import health, metrics_page, timed_checks
from tests import story
from tests.client import OPERATOR, Client, serving
from tests.live import PATIENCE
from tests.ports import free_port


async def test_ready_says_so(client: Client) -> None:
    answer = await client.http.get("/ready", headers=OPERATOR)
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


async def test_a_database_that_does_not_answer_is_told(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    thawed, asked = asyncio.Event(), []

    async def hang(what: object) -> None:
        asked.append(what)
        while not thawed.is_set():  # as a query of asyncpg, whose cancelling waits for the server
            with suppress(asyncio.CancelledError):
                await thawed.wait()

    monkeypatch.setattr(health, "probe_write", lambda: hang("a write"))
    monkeypatch.setattr(metrics_page, "backlog_numbers", hang)
    monkeypatch.setattr(timed_checks, "CHECK_TIMEOUT_SECONDS", 0.01)
    async with asyncio.timeout(60):
        for _ in range(3):
            answer = await client.http.get("/ready", headers=OPERATOR)
            assert (answer.status_code, answer.json()["problems"]) == (503, {"database": "It does not answer."})
            metrics = await client.http.get("/metrics", headers=OPERATOR)
            assert metrics.status_code == 200
            assert "touchline_due" not in metrics.text
            assert "touchline_claimed_total" in metrics.text
        assert (await client.http.get("/health")).status_code == 200
    assert len(asked) == 2, "hung looks pile up"
    assert "not ready: cannot write to the database: no answer within 0.01 s" in caplog.messages
    thawed.set()
    await asyncio.sleep(0)
    monkeypatch.undo()
    assert (await client.http.get("/ready", headers=OPERATOR)).status_code == 200


async def test_an_error_without_a_text_is_named(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def silent(*_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(health, "probe_write", silent)
    assert (await client.http.get("/ready", headers=OPERATOR)).status_code == 503
    assert "not ready: cannot write to the database: TimeoutError" in caplog.messages


async def test_the_numbers_hold_no_names(client: Client) -> None:
    await story.sender(client)
    await story.person(client)
    text = (await client.http.get("/metrics", headers=OPERATOR)).text
    for name in metrics_page.GAUGE_DESCRIPTIONS:
        assert f"\ntouchline_{name} 0.0" in text
    for kind in JOB_KINDS:
        assert f'\ntouchline_jobs{{kind="{kind.name}",state="RETRYING"}} 0.0' in text
        has_age = f'\ntouchline_oldest_job_seconds{{kind="{kind.name}"}} 0.0' in text
        assert has_age is not kind.is_standing
    assert [kind.name for kind in JOB_KINDS if kind.is_standing] == ["crm_sync", "history"]
    for name in ("claimed_total", "send_latency_seconds_count", "throttle_waits_total", "failed_steps_total"):
        assert f"touchline_{name}" in text
    assert "example.com" not in text


WRONG = ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer ü"}, {"Authorization": "Basic x"})


async def test_strangers_learn_no_more_than_whether_it_is_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise OSError("/srv/touchline is away")

    workspace = {"Authorization": f"Bearer {client.token}"}
    for headers in (*({k: v.encode() for k, v in each.items()} for each in WRONG), workspace):
        refused = await client.http.get("/metrics", headers=headers)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert "touchline_" not in refused.text
        assert (await client.http.get("/ready", headers=headers)).json() == {"status": "ready"}
        assert (await client.http.get("/health", headers=headers)).json() == {"status": "ok"}
    monkeypatch.setattr(health, "probe_write", broken)
    for headers in ({}, workspace):
        answer = await client.http.get("/ready", headers=headers)
        assert (answer.status_code, answer.json()) == (503, {"status": "not ready"})


async def test_without_a_token_the_public_port_has_no_numbers(database_url: str) -> None:
    async with serving(database_url, {"TOUCHLINE_METRICS_TOKEN": ""}) as http:
        for headers in ({}, OPERATOR, {"Authorization": "Bearer "}, {"Authorization": "Bearer"}):
            answer = await http.get("/metrics", headers=headers)
            assert (answer.status_code, "touchline_due" in answer.text) == (404, False)


async def test_the_server_has_a_port_for_the_monitoring_alone(database_url: str) -> None:
    port = free_port()
    own = {"TOUCHLINE_SERVER_WATCH_PORT": str(port), "TOUCHLINE_METRICS_TOKEN": ""}
    async with (
        serving(database_url, own) as http,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as inside,
    ):
        assert (await http.get("/metrics")).status_code == 404
        async with asyncio.timeout(60):
            while True:
                try:
                    metrics = await inside.get("/metrics")
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.02)
        assert "touchline_due 0.0" in metrics.text
        assert (await inside.get("/ready")).json() == {"status": "ready"}
        assert "version" in (await inside.get("/health")).json()
        assert (await inside.get("/graphql")).status_code == 404
