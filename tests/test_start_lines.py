"""Commands that take seconds print a line before they load the server."""

import importlib
from types import ModuleType

import pytest

from api.cli.parser import main


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("people import people.csv --workspace Acme", "Reading people.csv and opening the database."),
        ("suppressions import list.csv --workspace Acme", "Reading list.csv and opening the database."),
        (
            "recover --as-of 2026-03-02T03:00:00Z",
            "Opening the database to find out which emails may have been sent.",
        ),
        ("check mia@example.com", "Reading the DNS records of mia@example.com."),
        ("counts check", "Opening the database to check the numbers of reports."),
        ("counts rebuild", "Opening the database to recalculate the numbers of reports."),
    ],
)
def test_the_line_comes_first(
    command: str, line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, str]] = []

    def load(name: str) -> ModuleType:
        seen.append(tuple(capsys.readouterr()))  # type: ignore[arg-type]
        raise ValueError(name)

    monkeypatch.setattr(importlib, "import_module", load)
    assert main(command.split()) == 1
    assert seen == [("", f"{line}\n")]
