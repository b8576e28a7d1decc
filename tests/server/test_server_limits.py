"""The limits of connections follow from the files that a process may open, and clients are told apart by address."""

import logging
import resource
from pathlib import Path

import pytest

import api
from api.server.limits import MAX_CONNECTIONS, MIN_RESERVED_FILES, ServerLimits
from api.server.log_limits import LINES_PER_MINUTE, OWN_LINES, RepeatFilter, limit_client_logs
from api.server.proxies import TrustedProxies, client_key
from api.settings import Settings, SettingsError


@pytest.mark.parametrize("files", [100, 256, 1_024, 20_000, 1_000_000, resource.RLIM_INFINITY])
def test_connections_leave_files_for_the_rest(files: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    limits = ServerLimits.of_this_process()
    assert limits.connections <= MAX_CONNECTIONS
    assert limits.connections_per_address <= limits.connections // 2
    if files != resource.RLIM_INFINITY:
        # What was accepted in four turns may not be counted, or not be closed yet.
        assert limits.connections + 4 * limits.accepts_per_turn <= files - MIN_RESERVED_FILES // 2


@pytest.mark.parametrize(
    ("trusted", "forwarded", "client"),
    [
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("127.0.0.1, 10.0.0.0/8", "203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("127.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("127.0.0.1", "[2001:db8:1:2::7]:4711", "2001:db8:1:2::/64"),
        ("127.0.0.1", "2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("127.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "", None),
        ("127.0.0.1", "nonsense", None),
        ("127.0.0.1", "203.0.113.9, nonsense", None),
        ("127.0.0.1", "1" * 10_000, None),
        ("127.0.0.1", "127.0.0.1", None),
        ("*", "203.0.113.9", "203.0.113.9"),
    ],
)
def test_the_client_is_the_last_that_is_no_proxy(trusted: str, forwarded: str, client: str | None) -> None:
    headers = [(b"host", b"x"), (b"x-forwarded-for", forwarded.encode())]
    assert TrustedProxies(trusted).client(headers) == client


def test_one_site_is_one_client() -> None:
    assert client_key("2001:db8:1:2::1") == client_key("2001:db8:1:2:ffff::9") != client_key("2001:db8:1:3::1")
    assert client_key("203.0.113.9") == "203.0.113.9"
    assert "127.0.0.1" not in TrustedProxies("")
    assert "::ffff:127.0.0.1" in TrustedProxies("127.0.0.1")


@pytest.mark.parametrize("proxies", ["proxy.example", "10.0.0.0/33", "127.0.0.1 ::1", "10.0.0.1/8"])
def test_proxies_are_addresses(proxies: str) -> None:
    with pytest.raises(SettingsError, match="TOUCHLINE_TRUSTED_PROXIES"):
        Settings.read({"TOUCHLINE_TRUSTED_PROXIES": proxies})


def test_running_out_of_files_is_one_line_without_a_traceback() -> None:
    quiet, told = RepeatFilter(), []
    for _ in range(2_000):
        record = logging.LogRecord(
            "asyncio", logging.ERROR, "", 0, "socket.accept() out of system resource\nsocket: x", (), None
        )
        try:
            raise OSError(24, "Too many open files")
        except OSError as problem:
            record.exc_info = (OSError, problem, None)
        if quiet.filter(record):
            told.append(record)
    (record,) = told
    assert (record.getMessage(), record.exc_info) == ("out of file descriptors for new connections (EMFILE)", None)


@pytest.mark.parametrize(("name", "line"), [(name, line) for name, lines in OWN_LINES.items() for line in lines])
def test_a_client_cannot_fill_the_log(name: str, line: str) -> None:
    # The limits know a line by its first words: a reworded line would have no limit.
    sources = [path.read_text(encoding="utf-8") for path in Path(api.__file__).parent.rglob("*.py")]
    loggers = [each for each in sources if f'getLogger("{name}")' in each]
    assert any(f'"{line}' in each for each in loggers), f"no line of {name} begins with {line!r}"
    limit_client_logs()
    logger = logging.getLogger(name)
    record = logging.LogRecord(name, logging.INFO, "", 0, line, ("x", "y", "z"), None)
    assert sum(bool(logger.filter(record)) for _ in range(1_000)) == LINES_PER_MINUTE
    other = logging.LogRecord(name, logging.INFO, "", 0, "another line", (), None)
    assert all(logger.filter(other) for _ in range(10))


def test_a_server_that_starts_counts_its_log_lines_from_zero() -> None:
    logger = logging.getLogger("touchline.server")
    line = logging.LogRecord(logger.name, logging.WARNING, "", 0, "X-Forwarded-For of %s is ignored.", ("x",), None)
    for _ in range(2):
        limit_client_logs()
        assert [bool(logger.filter(line)) for _ in range(LINES_PER_MINUTE + 1)] == [True] * LINES_PER_MINUTE + [False]
