"""Strangers' text forges no line of a log, obeys no terminal, and shows tenants no path of the server."""

import logging

import pytest

from api.cli.serving.serve import show
from api.clock import system_clock
from api.printable import printable
from api.services.common.dispatch_runtime import TerminalLine
from api.services.dispatch.public_detail import HIDDEN, public_detail
from tests.test_logs import process

HOSTILE = "x\r\n2026-01-01T00:00:00Z INFO touchline.service forged \x1b[2J\x1b]0;title\x07\x9b31m\u202e\u2028\ud800"


def test_nothing_that_a_terminal_obeys_is_left() -> None:
    told = printable(HOSTILE)
    assert told.isprintable()
    assert "\\r\\n" in told
    assert "\\x1b[2J" in told
    assert printable("Grüße, 你好 – fine") == "Grüße, 你好 – fine"


def test_a_line_of_the_log_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with process():
        logging.getLogger("touchline.x").info("a client sent %s", HOSTILE)
        try:
            raise ValueError(HOSTILE)
        except ValueError:
            logging.getLogger("touchline.x").exception("it broke: %s", HOSTILE)
    told = capsys.readouterr().err
    lines = told.splitlines()
    assert [line for line in lines if not line.startswith("  ")] == [lines[0], lines[1]]
    assert "forged" in lines[0]
    assert "\x1b" not in told
    assert "\x9b" not in told


def test_the_terminal_shows_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    show(TerminalLine(HOSTILE, system_clock(), "SENT", "a@example.com", HOSTILE, HOSTILE))
    told = capsys.readouterr().out
    assert told.count("\n") == 1
    assert "\x1b[2J" not in told
    assert "\x1b]0" not in told


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Written to /var/lib/touchline/outbox/a.eml.", f"Written to {HIDDEN}"),
        ("[Errno 2] No such file: '/run/secrets/token'", f"[Errno 2] No such file: '{HIDDEN}'"),
        ('File "/opt/touchline/lib/x.py", line 3', f'File "{HIDDEN}", line 3'),
        (r"cannot open C:\Touchline\outbox\a.eml now", f"cannot open {HIDDEN} now"),
        ("see ~/touchline/key", f"see {HIDDEN}"),
        ("socket=/run/smtp/sock: refused", f"socket={HIDDEN}: refused"),
        (
            "550 5.7.1 see https://support.example/mail/?p=answer",
            "550 5.7.1 see https://support.example/mail/?p=answer",
        ),
        ("451 4.7.1 try again 2/5 and/or later", "451 4.7.1 try again 2/5 and/or later"),
        ("text/html; charset=utf-8 is refused", "text/html; charset=utf-8 is refused"),
    ],
)
def test_paths_of_the_server_are_for_the_log_alone(said: str, shown: str, caplog: pytest.LogCaptureFixture) -> None:
    assert public_detail(said) == shown
    assert (said in " ".join(caplog.messages)) == (said != shown)


@pytest.mark.parametrize("said", ["/" * 200_000, "/a" * 100_000, "~" * 200_000, "C:\\" * 60_000, " /a" * 60_000])
def test_a_long_detail_is_cut_before_it_is_looked_at(said: str) -> None:
    assert len(public_detail(said)) <= 2_000
