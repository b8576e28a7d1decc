"""A quick run leaves out the tests that take the most time, and no other."""

import ast
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from tests import quick
from tests.source_code import ROOT


def item(nodeid: str) -> Any:
    return SimpleNamespace(nodeid=nodeid)


def defined(nodeid: str) -> bool:
    """Say whether a test is in its file. hypothesis makes the function of a state machine, so its class is enough."""
    file, *names = nodeid.split("::")
    if not (ROOT / file).is_file():
        return False
    found = {getattr(node, "name", None) for node in ast.walk(ast.parse((ROOT / file).read_text()))}
    return set(names) - {"runTest"} <= found


def test_each_listed_test_exists() -> None:
    assert [name for name in sorted(quick.long_tests()) if not defined(name)] == []


def test_a_listed_test_does_not_run_with_any_of_its_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "long_tests", lambda: frozenset({"tests/test_a.py::test_long"}))
    names = ("test_long[a]", "test_long[b[c]]", "test_longer", "test_b[d]")
    items = [item(f"tests/test_a.py::{name}") for name in names]
    hook = Mock()
    kept = list(items)
    quick.leave_out(Mock(hook=hook), kept)
    assert kept == items[2:]
    hook.pytest_deselected.assert_called_once_with(items=items[:2])


def test_the_list_has_the_tests_that_take_the_most_time_for_a_case() -> None:
    spent = {"many": 30.0, "few": 20.0, "one": 49.0, "none": 1.0}
    cases = {"many": 300, "few": 2, "one": 1, "none": 0}
    assert quick.longest(spent, cases, 0.5) == ["few", "one"]
    assert quick.longest(spent, cases, 1.0) == []


def test_the_time_of_a_test_is_that_of_its_fixtures_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(quick, "write", written.extend)
    times = quick.Times()
    for name, when, duration in (
        ("tests/test_a.py::test_b[c]", "setup", 7.0),
        ("tests/test_a.py::test_b[c]", "call", 1.0),
        ("tests/test_a.py::test_b[d]", "call", 1.0),
        ("tests/test_a.py::test_e", "call", 1.0),
    ):
        report: Any = SimpleNamespace(nodeid=name, when=when, duration=duration)
        times.pytest_runtest_logreport(report)
    times.pytest_sessionfinish()
    assert times.spent == {"tests/test_a.py::test_b": 9.0, "tests/test_a.py::test_e": 1.0}
    assert times.cases == {"tests/test_a.py::test_b": 2, "tests/test_a.py::test_e": 1}
    assert written == ["tests/test_a.py::test_b"]


@pytest.mark.parametrize(
    ("args", "chosen"),
    [
        (["tests/http"], {quick.WRITE: True}),
        (["tests"], {quick.WRITE: True, quick.OPTION: True}),
        (["tests"], {quick.WRITE: True, "collectonly": True}),
    ],
)
def test_the_list_is_written_by_a_run_of_all_tests_only(args: list[str], chosen: dict[str, bool]) -> None:
    config: Any = SimpleNamespace(args=args, getini=lambda _: ["tests"], getoption=lambda name: chosen.get(name, False))
    with pytest.raises(pytest.UsageError, match="all tests"):
        quick.prepare(config)
