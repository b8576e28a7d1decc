"""The order of the tests: every worker begins with its part of the long ones."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.running_order import LONG, TOGETHER, arranged


def item(nodeid: str, kind: str | None = None) -> Any:
    return SimpleNamespace(nodeid=nodeid, callspec=SimpleNamespace(params={"database_kind": kind}))


LONG_TESTS = [item(f"{place}{number}") for place in reversed(LONG) for number in range(2)]
BROWSER_TESTS = [item(f"tests/browser/test_{number}") for number in range(3)]
ON_POSTGRES = [item(f"tests/http/test_p{number}", "postgres") for number in range(10)]
OTHERS = [item(f"tests/mail/test_{number}") for number in range(101)]
ALL = [*ON_POSTGRES, *OTHERS, *BROWSER_TESTS, *LONG_TESTS]


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 500])
def test_each_test_is_run_once(workers: int) -> None:
    order = arranged(ALL, workers)
    assert len(order) == len(ALL)
    assert {id(each) for each in order} == {id(each) for each in ALL}


def test_each_share_begins_with_long_tests_and_postgresql_comes_last() -> None:
    order = arranged(ALL, 4)
    share = len(ALL) // 4
    assert order[:3] == BROWSER_TESTS
    begins = [number * share for number in (1, 2, 3)]
    assert [order[begin].nodeid for begin in begins] == [f"{TOGETHER[0]}0", f"{TOGETHER[1]}0", f"{LONG[0]}0"]
    for place in TOGETHER:
        at = [number for number, each in enumerate(order) if each.nodeid.startswith(place)]
        assert at == list(range(at[0], at[0] + 2))
    assert [each.nodeid.startswith(LONG) for each in order].count(True) == len(LONG_TESTS)
    assert order[-10:] == ON_POSTGRES


def test_one_process_begins_with_the_browser_and_the_long_tests() -> None:
    order = arranged(ALL, 1)
    assert order[:3] == BROWSER_TESTS
    assert all(each.nodeid.startswith(LONG) for each in order[3 : 3 + len(LONG_TESTS)])
    assert order[3 + len(LONG_TESTS) :] == [*OTHERS, *ON_POSTGRES]
