"""Connections to CRMs on the command line."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.cli.parser import build_parser
from api.cli.workspaces.workspaces import create
from api.clock import system_clock
from api.models import CrmConnection
from api.settings import Settings
from api.store.engine.database import close_database, open_database
from strategies import Refusal
from tests.client import SECRET
from tests.plugins.crms.salesforce.connecting import pem, rsa_key
from tests.salesforce.org import Org
from tests.salesforce.server import SalesforceServer
from tests.services.crm.stub_crm import KEY, OLD_KEY

SETTINGS = {
    "TOUCHLINE_ENCRYPTION_KEY": OLD_KEY,
    "TOUCHLINE_CRM_LOOPBACK": "on",
    "TOUCHLINE_PUBLIC_URL": "https://touchline.example",
    "TOUCHLINE_SECRET": SECRET,
}


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


async def run(monkeypatch: pytest.MonkeyPatch, url: str, *arguments: str, **more: str) -> int:
    """Run one command in this process."""
    values = SETTINGS | more | {"TOUCHLINE_DATABASE_URL": url}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    options = vars(build_parser().parse_args(["crm", *arguments]))
    call: Any = options.pop("run")
    for name in ("command", "action"):
        options.pop(name)
    return int(await call(Settings.read(values), **options))


async def fail(database_url: str) -> None:
    """Store that the CRM has asked to wait."""
    await open_database(database_url)
    try:
        until = datetime(2199, 3, 2, 7, 30, tzinfo=UTC)
        about = {"code": "REQUEST_LIMIT_EXCEEDED", "detail": "HTTP 429", "failures": 1, "retry_at": until}
        await CrmConnection.all().update(state="FAILING", **about)
    finally:
        await close_database()


async def test_from_nothing_to_disconnected(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await create(Settings.read({"TOUCHLINE_DATABASE_URL": database_url}), name="acme", sandbox=False)
    key, secret = tmp_path / "touchline.key", tmp_path / "secret"
    key.write_text(pem(rsa_key()))
    async with SalesforceServer(Org(now=system_clock)).running() as salesforce:
        app = salesforce.oauth.app
        app.public_key, app.run_as = rsa_key().public_key(), salesforce.org.admin
        app.approved.add("admin@acme.example")
        secret.write_text(f"{app.client_secret}\n")
        common = ("--login-url", salesforce.url, "--client-id", app.client_id)
        capsys.readouterr()
        user = ("--username", "admin@acme.example", "--private-key", str(key))
        assert await run(monkeypatch, database_url, "connect", "acme", *common, *user) == 0
        assert capsys.readouterr().out == "The workspace 'acme' is connected to Acme as Ada Admin.\n"
        assert await run(monkeypatch, database_url, "connect", "acme", *common, "--client-secret", str(secret)) == 0
        capsys.readouterr()
        assert await run(monkeypatch, database_url, "status") == 0
        shown = capsys.readouterr().out
        assert all(
            word in shown for word in ("acme", "salesforce", "Acme", "Ada Admin", "CONNECTED", "never", "100,000")
        )
        await fail(database_url)
        assert await run(monkeypatch, database_url, "status") == 1
        shown = capsys.readouterr().out
        assert "HTTP 429. Nothing. Touchline tries again." in shown
        assert "The next attempt is at 2199-03-02 07:30:00 UTC." in shown
        login = ("--client-secret", str(secret), "--login")
        assert await run(monkeypatch, database_url, "connect", "acme", *common, *login) == 0
        assert capsys.readouterr().out.startswith(f"{salesforce.url}/services/oauth2/authorize?response_type=code&")
        both = {"TOUCHLINE_ENCRYPTION_KEY": f"{KEY},{OLD_KEY}"}
        assert await run(monkeypatch, database_url, "rotate-keys", **both) == 0
        assert "2 encrypted with the first key, 0 were so before." in capsys.readouterr().out, "with the login"
        assert await run(monkeypatch, database_url, "rotate-keys") == 1
        assert "no key of TOUCHLINE_ENCRYPTION_KEY decrypts it" in capsys.readouterr().out
        with pytest.raises(Refusal, match="ENCRYPTION_KEY_REQUIRED"):
            await run(monkeypatch, database_url, "rotate-keys", TOUCHLINE_ENCRYPTION_KEY="")
        assert await run(monkeypatch, database_url, "retry", "acme", **both) == 0
        capsys.readouterr()
        salesforce.expire_sessions()
        assert (
            await run(monkeypatch, database_url, "connect", "acme", *common, "--client-secret", str(secret), **both)
            == 0
        )
        capsys.readouterr()
        assert await run(monkeypatch, database_url, "disconnect", "acme", "--keep-days", "7", **both) == 0
        assert "0 changes were waiting; they are kept until" in capsys.readouterr().out
        assert salesforce.oauth.access == {}
        for action in ("retry", "disconnect"):
            with pytest.raises(Refusal, match="CRM_NOT_CONNECTED"):
                await run(monkeypatch, database_url, action, "acme", **both)
    await open_database(database_url)
    try:
        row = await CrmConnection.get()
        assert (row.secrets, row.state) == ("", "DISCONNECTED")
    finally:
        await close_database()
