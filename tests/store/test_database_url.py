"""How the database is named: what is taken, what is refused, and that no refusal tells the password."""

import os
import ssl
import stat
from pathlib import Path
from typing import Any

import pytest
import trustme

from api.store.engine.opening.database_url import SSL_MODES, connection_settings, redacted_url
from api.store.engine.sqlite.sqlite_file import prepare_file

PLAIN = "postgresql://u@h/db"


def credentials(url: str) -> dict[str, Any]:
    """What the driver of a URL's database is given."""
    given: dict[str, Any] = connection_settings(url)["credentials"]
    return given


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    """A file with the certificate of a private authority."""
    file = tmp_path / "roots.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    return file


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_all_parts_are_decoded(scheme: str) -> None:
    made = connection_settings(f"{scheme}://m%40x:to%2Fp%23@db.example:5433/cam%20paign?maxsize=9&command_timeout=30")
    assert made == {
        "engine": "tortoise.backends.asyncpg",
        "credentials": {
            "host": "db.example",
            "port": 5433,
            "user": "m@x",
            "password": "to/p#",
            "database": "cam paign",
            "maxsize": 9,
            "command_timeout": 30.0,
        },
    }


def test_a_socket_s_folder_is_a_host() -> None:
    assert credentials("postgresql://u@/db?host=/run/pg") == {"user": "u", "database": "db", "host": "/run/pg"}


@pytest.mark.parametrize("mode", SSL_MODES)
def test_the_driver_knows_libpq_s_modes(mode: str) -> None:
    assert credentials(f"{PLAIN}?sslmode={mode}")["ssl"] == mode


def test_without_a_mode_the_driver_chooses() -> None:
    assert "ssl" not in credentials(PLAIN)


@pytest.mark.parametrize(("mode", "names_host"), [("require", False), ("verify-ca", False), ("verify-full", True)])
def test_a_private_authority_is_trusted(roots: Path, mode: str, names_host: bool) -> None:
    context = credentials(f"{PLAIN}?sslmode={mode}&sslrootcert={roots}")["ssl"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, names_host)
    assert [dict(part[0] for part in one["issuer"])["organizationName"] for one in context.get_ca_certs()] != []


@pytest.mark.parametrize("query", ["sslrootcert=system", "sslmode=verify-full&sslrootcert=system"])
def test_the_system_s_certificates_are_trusted(query: str) -> None:
    context = credentials(f"{PLAIN}?{query}")["ssl"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"{PLAIN}?maxsize=1", "maxsize must be at least 2"),
        (f"{PLAIN}?minsize=6", "minsize must be between 0 and maxsize"),
        (f"{PLAIN}?minsize=4&maxsize=3", "minsize must be between 0 and maxsize"),
        (f"{PLAIN}?minsize=-1", "minsize must be between 0 and maxsize"),
        (f"{PLAIN}?maxsize=many", "maxsize must be a number"),
        (f"{PLAIN}?sslmode=on", "sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full"),
        (f"{PLAIN}?ssl=false", "write sslmode=disable|allow|prefer|require|verify-ca|verify-full instead of ssl"),
        (f"{PLAIN}?sslrootcert=system&sslmode=require", "sslrootcert=system needs sslmode=verify-full"),
        (f"{PLAIN}?sslrootcert=/no/file&sslmode=require", "sslrootcert cannot be read: No such file or directory"),
        (f"{PLAIN}?sslrootcert={__file__}&sslmode=require", "sslrootcert cannot be read: it contains no certificates"),
        (f"{PLAIN}?max_size=4", "one of host, port, user, password, passfile, minsize, maxsize, "),
        ("mysql://h/db", "must begin with sqlite:// or postgresql://"),
        ("nonsense", "must begin with sqlite:// or postgresql://"),
        ("sqlite://", "has no file path"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(url: str, told: str) -> None:
    with pytest.raises(ValueError) as refused:
        connection_settings(url)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("mark", ["/", "#", "?", "[", "/x@", "#x@"])
@pytest.mark.parametrize("begin", ["top", "12"])
def test_a_password_that_is_not_encoded_is_not_told(begin: str, mark: str) -> None:
    with pytest.raises(ValueError, match="must be percent-encoded") as refused:
        connection_settings(f"postgresql://u:{begin}{mark}secret@db.example/touchline")
    assert begin not in str(refused.value)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_new_sqlite_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    new, old = tmp_path / "folder" / "new.db", tmp_path / "old.db"
    old.touch(mode=0o640)
    old.chmod(0o640)
    usual = os.umask(0)
    for file, rights in ((new, 0o600), (old, 0o640)):
        prepare_file(credentials(f"sqlite://{file}")["file_path"])
        assert stat.S_IMODE(file.stat().st_mode) == rights
    os.umask(usual)
    assert stat.S_IMODE(new.parent.stat().st_mode) == 0o700


def test_sqlite_in_memory_makes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    in_memory = credentials("sqlite://:memory:?synchronous=OFF")
    assert in_memory == {"file_path": ":memory:", "synchronous": "OFF", "busy_timeout": "10000"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite://touchline-data/touchline.db?synchronous=FULL", "sqlite://touchline-data/touchline.db"),
        (
            "postgresql://touchline:s3cret@db.example:5433/acme?sslmode=require",
            "postgresql://touchline@db.example:5433/acme",
        ),
        ("postgresql:///acme?host=/run/postgresql&password=s3cret", "postgresql:///acme"),
        ("postgresql://u:s3/cret@db.example/acme", "postgresql"),
        ("postgresql://u:p@s3cret@db.example/acme", "postgresql://u@db.example/acme"),
    ],
)
def test_a_log_shows_the_url_without_its_secrets(url: str, expected: str) -> None:
    assert redacted_url(url) == expected
