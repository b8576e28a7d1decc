"""A quick run of the tests: ``--quick`` leaves out those that ``long_tests.txt`` lists.

``python -m pytest --write-long-tests`` runs all tests, takes the time of each and writes the list. A quick run has as
many tests as fit into ``SHARE`` of that time. A new test is not in the list, so a quick run tries it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

OPTION = "--quick"
WRITE = "--write-long-tests"
LIST = Path(__file__).with_name("long_tests.txt")
SHARE = 0.13
"""How much of the time of all tests a quick run may take."""


def function(nodeid: str) -> str:
    """Return a test without the case that it tries: ``tests/test_a.py::test_b`` of ``tests/test_a.py::test_b[c]``."""
    return nodeid.partition("[")[0]


def long_tests() -> frozenset[str]:
    """Return the tests that a quick run leaves out."""
    return frozenset(LIST.read_text().splitlines())


def prepare(config: pytest.Config) -> None:
    """Take the times of the tests, if the list is wanted."""
    if not config.getoption(WRITE):
        return
    if config.args != config.getini("testpaths") or config.getoption(OPTION) or config.getoption("collectonly"):
        raise pytest.UsageError(f"{WRITE} runs all tests: give no path, and no {OPTION}")
    config.pluginmanager.register(Times())


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the quick tests of these only."""
    long = long_tests()
    left_out = [item for item in items if function(item.nodeid) in long]
    items[:] = [item for item in items if function(item.nodeid) not in long]
    config.hook.pytest_deselected(items=left_out)


def longest(spent: Mapping[str, float], cases: Mapping[str, int], share: float) -> list[str]:
    """Return the tests to leave out, by name: the rest takes this share of the time, and is as many tests as possible.

    ``spent`` has the seconds of each test function, ``cases`` how many cases these are.
    """
    left = share * sum(spent.values())
    long = []
    for name in sorted(spent, key=lambda name: spent[name] / max(cases[name], 1)):
        left -= spent[name]
        if left < 0:
            long.append(name)
    return sorted(long)


class Times:
    """The seconds that each test of a run takes. The list is made of them when the run ends."""

    def __init__(self) -> None:
        """Begin without any."""
        self.spent: defaultdict[str, float] = defaultdict(float)
        self.cases: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add what setting up, running or tearing down a case took."""
        name = function(report.nodeid)
        self.spent[name] += report.duration
        self.cases[name] += report.when == "call"

    def pytest_sessionfinish(self) -> None:
        """Write the list."""
        write(longest(self.spent, self.cases, SHARE))


def write(names: Iterable[str]) -> None:
    """Write the list of the tests that a quick run leaves out."""
    LIST.write_text("".join(f"{name}\n" for name in names))
