"""``touchline mail read`` prints a JSON object for each mail, and goes on after a file that it cannot read."""

import io
import json
import sys
from pathlib import Path

import pytest

from api.cli.parser import main
from tests.mail.reading.mails import mail
from tests.mail.reading.test_kinds import report


def test_a_bounce_and_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bounce.eml").write_bytes(report())
    assert main(["mail", "read", str(tmp_path / "missing.eml"), str(tmp_path), str(tmp_path / "bounce.eml")]) == 1
    printed = capsys.readouterr()
    assert [line.rpartition(": ")[2] for line in printed.err.splitlines()] == [
        "No such file or directory",
        "Is a directory",
    ]
    [found] = [json.loads(line) for line in printed.out.splitlines()]
    assert {name: found[name] for name in ("kind", "severity", "recipients", "status", "message_ids")} == {
        "kind": "BOUNCE",
        "severity": "HARD",
        "recipients": ["ann@customer.example"],
        "status": "5.1.1",
        "message_ids": ["<first@vendor.example>"],
    }
    assert found["file"] == str(tmp_path / "bounce.eml")
    assert found["reason"] == "A delivery report (RFC 3464) says that the email failed."


def test_standard_input_and_our_own_addresses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(mail("In-Reply-To: <m@v>", body="Yes\n"))))
    assert main(["mail", "read", "-", "--own", "ANN@customer.example"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "OWN"


def test_a_wrong_own_address_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mail", "read", "-", "--own", "nobody"]) == 1
    assert capsys.readouterr().err.startswith("touchline: --own: ")
