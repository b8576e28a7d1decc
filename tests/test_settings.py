"""Which secrets an operator may set, misspelt names of settings, and commands whose output nobody reads."""

import os
import secrets
import string
import sys

import pytest

from api.cli.common import OutputConsole
from api.cli.output import BROKEN_PIPE
from api.cli.parser import main
from api.secret_strength import secret_weakness
from api.setting_names import misspelt
from api.settings import Settings, SettingsError

GOOD = "5bq0Zk3mB7yXw1VvS9tLr2Hn8Dc4Ge6JfPaQuTiOx0s"


@pytest.mark.parametrize(
    "secret",
    [
        "s",
        "s3cret",
        GOOD[:31],
        "s" * 43,
        "ab" * 20,
        "changeme" * 4,
        "ChangeMe-" + GOOD,
        "password" + GOOD,
        GOOD[:16] * 2,
        GOOD[:11] * 3,
        string.ascii_lowercase + string.digits,
        (string.ascii_lowercase + string.digits)[::-1],
        "0123456789" * 4,
        " " * 40,
        "aaaaaaaabbbbbbbbccccccccddddddddeeeeeeeeffffffffgggggggghhhhhhhh",
    ],
)
@pytest.mark.parametrize("name", ["TOUCHLINE_SECRET", "TOUCHLINE_METRICS_TOKEN"])
def test_a_weak_secret_is_refused_without_quoting_it(secret: str, name: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} (is too short|is a placeholder|is easy to guess)") as refused:
        Settings.read({name: secret})
    said = str(refused.value)
    assert "secrets.token_urlsafe(32)" in said
    assert len(secret) < 10 or secret not in said
    assert ("TOUCHLINE_SECRET_OLD" in said) == (name == "TOUCHLINE_SECRET"), "how links keep working"


def test_what_generators_make_is_taken() -> None:
    for _ in range(200):
        for secret in (
            secrets.token_urlsafe(32),
            secrets.token_hex(16),
            secrets.token_hex(32),
            secrets.token_urlsafe(24),
        ):
            assert secret_weakness(secret) is None, secret
    assert secret_weakness("correct horse battery staple and eleven more") is None


def test_an_old_secret_may_be_weak_but_not_alone() -> None:
    assert Settings.read({"TOUCHLINE_SECRET": GOOD, "TOUCHLINE_SECRET_OLD": "s"}).old_secret == "s"
    with pytest.raises(SettingsError, match="TOUCHLINE_SECRET_OLD requires TOUCHLINE_SECRET"):
        Settings.read({"TOUCHLINE_SECRET_OLD": "s"})


def test_ports_are_checked() -> None:
    with pytest.raises(SettingsError, match="TOUCHLINE_SERVER_WATCH_PORT must be a whole number"):
        Settings.read({"TOUCHLINE_SERVER_WATCH_PORT": "90000"})


@pytest.mark.parametrize(
    "url",
    [
        "go.example.com",
        "ftp://go.example.com",
        "https://go.example.com/?a=1",
        "https://go.example.com/#x",
        'https://go.example.com/"x',
        "https://go.example.com/a b",
        "https://user@go.example.com",
        "javascript:alert(1)",
        "https://",
    ],
)
@pytest.mark.parametrize("name", ["TOUCHLINE_TRACKING_URL", "TOUCHLINE_PUBLIC_URL"])
def test_a_url_that_cannot_be_written_into_an_email_is_refused(name: str, url: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name} must be a URL"):
        Settings.read({name: url, "TOUCHLINE_SECRET": GOOD})


def test_tracking_needs_a_secret_and_networks() -> None:
    for url in ("https://go.example.com", "http://127.0.0.1:8000/", "https://[::1]:8000", "https://example.com/t/x/"):
        assert Settings.read({"TOUCHLINE_TRACKING_URL": url, "TOUCHLINE_SECRET": GOOD}).tracking_url == url
    with pytest.raises(SettingsError, match="TOUCHLINE_TRACKING_URL requires TOUCHLINE_SECRET"):
        Settings.read({"TOUCHLINE_TRACKING_URL": "https://go.example.com"})
    assert Settings.read({"TOUCHLINE_OWN_NETWORKS": "203.0.113.0/24, ::1"}).own_networks
    for networks in ("office", "203.0.113.1/24", "10.0.0.0/8;::1", "*"):
        with pytest.raises(SettingsError, match=r"^TOUCHLINE_OWN_NETWORKS must be"):
            Settings.read({"TOUCHLINE_OWN_NETWORKS": networks})


@pytest.mark.parametrize(
    "origin",
    [
        "app.example.com",
        "https://app.example.com/",
        "https://app.example.com/path",
        "https://app.example.com:443",
        "http://app.example.com:80",
        "https://*.example.com",
        "https://user@app.example.com",
        "https://",
        "null",
        "https://a.example.com https://b.example.com",
        "https://a.example.com,b.example.com",
    ],
)
def test_an_origin_that_no_browser_sends_is_refused(origin: str) -> None:
    with pytest.raises(SettingsError, match=r"^TOUCHLINE_CORS_ORIGINS must be origins"):
        Settings.read({"TOUCHLINE_CORS_ORIGINS": origin})


def test_origins_are_a_list() -> None:
    text = " https://App.example.com, http://localhost:5173 ,http://[::1]:8080,capacitor://localhost,"
    assert Settings.read({"TOUCHLINE_CORS_ORIGINS": text}).cors_origin_list == (
        "https://app.example.com",
        "http://localhost:5173",
        "http://[::1]:8080",
        "capacitor://localhost",
    )
    assert Settings.read({"TOUCHLINE_CORS_ORIGINS": "*"}).cors_origin_list == ("*",)
    assert Settings.read({}).cors_origin_list == ()


def test_a_misspelt_name_is_told_with_the_right_one() -> None:
    names = Settings.names()
    right = [*names, "TOUCHLINE_IMAP_URL_SALES", "TOUCHLINE_WEBHOOK_SES_EU", "TOUCHLINE_ACME_KEY", "PATH", "touchline"]
    assert misspelt(right, names) == {}
    wrong = {
        "TOUCHLINE_IMAP_ULR": "TOUCHLINE_IMAP_URL",
        "TOUCHLINE_IMAP_ULR_SALES": "TOUCHLINE_IMAP_URL_SALES",
        "TOUCHLINE_DATABSE_URL": "TOUCHLINE_DATABASE_URL",
        "touchline_port": "TOUCHLINE_PORT",
        "TOUCHLINE_WEBHOOK_SENGRID": "TOUCHLINE_WEBHOOK_SENDGRID",
        "TOUCHLINE_PUBLICURL": "TOUCHLINE_PUBLIC_URL",
    }
    assert misspelt([*right, *wrong], names) == wrong


@pytest.mark.parametrize("arguments", [["schema"], ["plugins"], ["--help"]])
def test_a_command_whose_output_nobody_reads_ends_quietly(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as broken:
        monkeypatch.setattr(sys, "stdout", broken)
        # Not the console of all tests, which would keep the line that it cannot write.
        monkeypatch.setattr("api.cli.plugins.list_packages.console", OutputConsole(file=broken))
        monkeypatch.setattr(sys, "stderr", broken)
        assert main(arguments) == BROKEN_PIPE


def test_a_connection_that_breaks_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(settings: Settings, **_: object) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("api.cli.parser.lazy", lambda *_: broken)
    monkeypatch.setenv("TOUCHLINE_IMAP_ULR", "x")
    assert main(["schema"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "touchline: TOUCHLINE_IMAP_ULR is not a setting: did you mean TOUCHLINE_IMAP_URL?",
        "touchline: [Errno 32] Broken pipe",
    ]
