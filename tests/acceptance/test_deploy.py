"""The files of docs/deploy do what docs/operations.md says: real proxies in front of a real server, real metrics."""

import asyncio
import json
import os
import re
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
import yaml
from websockets.asyncio.client import connect

from api.cli.parser import build_parser
from api.http.monitoring import metrics_page
from api.http.monitoring.crm_metrics import CRM_GAUGES
from api.http.monitoring.mailbox_metrics import MAILBOX_GAUGES
from api.http.monitoring.plugin_metrics import PLUGIN_GAUGES
from api.services.common.metrics import Metrics
from api.settings import Settings
from tests.client import SECRET, new_client
from tests.live import PATIENCE, PROTOCOL, Live, Socket, listening
from tests.ports import free_port

DEPLOY = Path(__file__).parents[2] / "docs" / "deploy"
GUIDE = (DEPLOY.parent / "operations.md").read_text(encoding="utf-8")
NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
HOST = "touchline.example"


@pytest.fixture
def database_kind() -> str:
    """The embedded default."""
    return "sqlite"


def program(name: str) -> str:
    """Return where a program is; a machine without it skips the test, and CI must have it."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None and not os.environ.get("CI"):
        pytest.skip(f"{name} is not installed")
    assert found is not None, f"CI needs {name}"
    return found


def nginx(folder: Path, port: int, server: str) -> list[str]:
    """Write nginx's file with this test's port, server and folders, and return the command that runs it."""
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    for old, new in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "server 127.0.0.1:8000": f"server {server}",
        "/etc/ssl/touchline": str(folder),
        "/var/log/nginx": str(folder),
    }.items():
        assert old in text
        text = text.replace(old, new)
    kept = "".join(
        f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = f"user root;\ndaemon off;\npid {folder}/nginx.pid;\nevents {{}}\nhttp {{\n{kept}{text}}}\n"
    if os.geteuid() != 0:
        main = main.removeprefix("user root;\n")
    (folder / "nginx.conf").write_text(main, encoding="utf-8")
    return [program("nginx"), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, port: int, server: str) -> list[str]:
    """Write Caddy's file with this test's port, server and certificate, and return the command that runs it."""
    text = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    for old, new in {
        "{\n\tservers": "{\n\tadmin off\n\tauto_https off\n\tservers",
        f"{HOST} {{": f"https://{HOST}:{port} {{\n\ttls {folder}/fullchain.pem {folder}/key.pem",
        "reverse_proxy 127.0.0.1:8000": f"reverse_proxy {server}",
        "/var/log/caddy": str(folder),
    }.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "Caddyfile").write_text(text, encoding="utf-8")
    return [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


class Proxied:
    """A server behind a proxy."""

    def __init__(self, live: Live, port: int, trust: ssl.SSLContext) -> None:
        self.live = live
        self.port = port
        self.trust = trust
        self.http = httpx.AsyncClient(
            base_url=f"https://127.0.0.1:{port}",
            headers={"Host": f"{HOST}:{port}"},
            verify=trust,
            timeout=PATIENCE,
        )
        self.server_name = {"sni_hostname": HOST}

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path, extensions=self.server_name)

    async def post(self, path: str, **given: Any) -> httpx.Response:
        return await self.http.post(path, extensions=self.server_name, **given)


@asynccontextmanager
async def listens(port: int, process: asyncio.subprocess.Process) -> AsyncIterator[None]:
    """Wait until a proxy listens, and end it with the block."""
    try:
        async with asyncio.timeout(60):
            while process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                    continue
                writer.close()
                break
        assert process.returncode is None, "the proxy ended by itself"
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@pytest.fixture(params=[nginx, caddy], ids=["nginx", "caddy"])
async def proxied(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> AsyncIterator[Proxied]:
    """A server behind each of the documented proxies, with HTTPS."""
    authority, port = trustme.CA(), free_port()
    certificate = authority.issue_cert(HOST)
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(str(tmp_path / "fullchain.pem"), append=True)
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    settings = {"TOUCHLINE_PUBLIC_URL": f"https://{HOST}:{port}", "TOUCHLINE_SECRET": SECRET}
    async with listening(database_url, settings) as live:
        command = request.param(tmp_path, port, live.host)
        quiet = {"stdout": asyncio.subprocess.DEVNULL, "stderr": asyncio.subprocess.DEVNULL}
        home = os.environ | {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
        process = await asyncio.create_subprocess_exec(*command, **quiet, env=home)
        async with listens(port, process):
            made = Proxied(live, port, trust)
            try:
                yield made
            finally:
                await made.http.aclose()


async def test_graphql_and_its_websocket_go_through_the_proxy(proxied: Proxied) -> None:
    client = await new_client(proxied.live.http, NOW)
    answer = await proxied.post(
        "/graphql",
        json={"query": "{ workspace { name } }"},
        headers={"Authorization": f"Bearer {client.token}"},
    )
    assert answer.json()["data"] == {"workspace": {"name": "Test"}}
    assert "Touchline" in (await proxied.get("/graphiql")).text

    origin = f"https://{HOST}:{proxied.port}"
    address = f"wss://{HOST}:{proxied.port}/graphql"
    options: dict[str, Any] = {"subprotocols": [PROTOCOL], "origin": origin, "proxy": None, "ssl": proxied.trust}
    async with connect(address, host="127.0.0.1", port=proxied.port, server_hostname=HOST, **options) as wire:
        opened = Socket(wire)
        await opened.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {client.token}"}})
        assert await opened.hear() == {"type": "connection_ack"}
        assert (await opened.ask("{ workspace { name } }"))["data"] == {"workspace": {"name": "Test"}}


async def test_the_operators_pages_stay_inside(proxied: Proxied) -> None:
    assert (await proxied.get("/health")).json()["status"] == "ok"
    for page in ("/metrics", "/ready"):
        assert (await proxied.live.http.get(page)).status_code == (404 if page == "/metrics" else 200)
        assert (await proxied.get(page)).status_code == 404


async def test_the_log_gives_the_unsubscribe_links_back(proxied: Proxied, tmp_path: Path) -> None:
    """The command of docs/operations.md finds them, and only those by which someone has unsubscribed."""
    links = ["/unsubscribe/wsp_1/YWRh/5ab1", "/unsubscribe/wsp_1/Ym9i/77"]
    for link in links:
        await proxied.post(link)
    await proxied.get("/unsubscribe/wsp_1/Y2FybA/99")
    (command,) = re.findall(r"^ +(zgrep .*?) \S+/touchline-unsubscribe.log\* \| (grep .*?) \|", GUIDE, re.MULTILINE)
    async with asyncio.timeout(60):  # Caddy logs a request a moment after its answer
        while True:
            script = f"{command[0]} {tmp_path}/touchline*.log | {command[1]} | sort -u"
            found = await asyncio.to_thread(
                subprocess.run, script, shell=True, capture_output=True, text=True, check=True
            )
            if found.stdout.split() == sorted(links):
                return
            await asyncio.sleep(0.05)


async def test_a_body_that_is_too_large_is_refused(proxied: Proxied) -> None:
    token = (await new_client(proxied.live.http, NOW)).token
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    async with asyncio.timeout(60):
        while True:
            # The proxy closes the connection while the client still sends, and its answer may get lost.
            with suppress(httpx.ReadError, httpx.WriteError):
                answer = await proxied.post("/graphql", content=b" " * 17_000_000, headers=headers)
                break
    assert answer.status_code == 413


def metrics() -> set[str]:
    """Every series that a process may show."""
    gauges = (metrics_page.GAUGE_DESCRIPTIONS, metrics_page.JOB_GAUGES, PLUGIN_GAUGES, MAILBOX_GAUGES, CRM_GAUGES)
    found = {f"touchline_{name}" for each in gauges for name in each}
    for family in Metrics().registry.collect():
        if family.type == "counter":
            found.add(f"{family.name}_total")
        elif family.type == "histogram":
            found |= {f"{family.name}_{part}" for part in ("bucket", "count", "sum")}
    return found


def expressions() -> Iterator[str]:
    for group in yaml.safe_load((DEPLOY / "alerts.yml").read_text(encoding="utf-8"))["groups"]:
        yield from (rule["expr"] for rule in group["rules"])
    for panel in json.loads((DEPLOY / "dashboard.json").read_text(encoding="utf-8"))["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def test_alerts_and_dashboard_ask_for_metrics_that_exist() -> None:
    asked = {name for text in expressions() for name in re.findall(r"\btouchline_\w+", text)}
    assert asked - metrics() == set()
    assert {"touchline_due", "touchline_in_doubt", "touchline_outcomes_total"} <= asked


@pytest.mark.parametrize(
    "metric",
    [
        "due",
        "oldest_due_seconds",
        "in_doubt",
        "oldest_incoming_seconds",
        "incoming_set_aside",
        "paused_accounts",
        "failed_steps_total",
        "mailbox_up",
        "mailbox_unread_seconds",
        "plugin_up",
        "jobs",
        "oldest_job_seconds",
        "crm_connections",
        "crm_waiting",
    ],
)
def test_a_state_that_a_person_must_end_has_an_alert(metric: str) -> None:
    alerts = yaml.safe_load((DEPLOY / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    assert any(re.search(rf"\btouchline_{metric}\b", rule["expr"]) for group in alerts for rule in group["rules"])


def test_the_environment_file_has_settings_that_exist() -> None:
    text = (DEPLOY / "touchline.env").read_text(encoding="utf-8")
    named = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", text, re.MULTILINE))
    known = {field.metadata["name"] for field in Settings.__dataclass_fields__.values()}
    assert set(named) - known == {"SERVE_OPTIONS"}
    Settings.read(
        {name: value for name, value in named.items() if value and name != "TOUCHLINE_SECRET"}
        | {"TOUCHLINE_SECRET": SECRET}
    )


@pytest.mark.parametrize("unit", ["touchline-serve.service", "touchline-tick.service"])
def test_the_units_start_commands_that_exist(unit: str) -> None:
    text = (DEPLOY / unit).read_text(encoding="utf-8")
    (command,) = re.findall(r"^ExecStart=/opt/touchline/bin/touchline (.*)$", text, re.MULTILINE)
    build_parser().parse_args(command.replace("$SERVE_OPTIONS", "--no-tick").split())
    for needed in ("User=touchline", "WorkingDirectory=/var/lib/touchline", "StateDirectory=touchline"):
        assert f"\n{needed}\n" in text
