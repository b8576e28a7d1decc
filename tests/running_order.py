"""In which order the workers of pytest-xdist run the tests."""

from itertools import cycle

import pytest

BROWSER = "tests/browser/"
LONG = (
    "tests/graphql/arguments/test_every_",
    "tests/faults/",
    "tests/store/test_schema.py",
    "tests/frontend/",
    "tests/salesforce/",
    "tests/graphql/limits/test_hostile.py",
    "tests/acceptance/",
    "tests/plugins/test_partner_package.py",
    "tests/benchmarks/",
    "tests/services/campaigns/test_editing_together.py",
    "tests/migrations/test_address_migration.py",
)
"""Where the tests are that take several seconds each, the longest first."""
TOGETHER = ("tests/faults/", "tests/acceptance/")
"""Places whose tests fork from a process that has loaded the server. Each worker that runs some of them starts one."""


def arranged(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Let each worker begin with long tests, so that none runs one alone at the end. Others keep their random order.

    pytest-xdist gives each worker an equal share, and workers without tests take over from the end of another's share.
    So one worker starts the demo and Chromium, which cost more than most of these tests, and the tests of PostgreSQL
    come last: a worker that opens another kind of database than before prepares all models again. For a like reason one
    worker begins with all tests of each place in ``TOGETHER``.
    """
    browser = [item for item in items if item.nodeid.startswith(BROWSER)]
    long = sorted((item for item in items if item.nodeid.startswith(LONG)), key=_rank)
    rest = sorted((item for item in items if not item.nodeid.startswith((BROWSER, *LONG))), key=_is_on_postgres)
    first: list[list[pytest.Item]] = [[] for _ in range(workers)]
    others = first[1:] or first
    for number, place in enumerate(TOGETHER):
        others[number % len(others)] += [item for item in long if item.nodeid.startswith(place)]
    apart = (item for item in long if not item.nodeid.startswith(TOGETHER))
    for item, of_worker in zip(apart, cycle(reversed(others)), strict=False):
        of_worker.append(item)
    first[0] = browser + first[0]
    order: list[pytest.Item] = []
    for number, of_worker in enumerate(first):
        share = (len(items) - len(order)) // (workers - number)
        filled = max(share - len(of_worker), 0)
        order += of_worker + rest[:filled]
        rest = rest[filled:]
    return order + rest


def _rank(item: pytest.Item) -> int:
    return next(rank for rank, place in enumerate(LONG) if item.nodeid.startswith(place))


def _is_on_postgres(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    return callspec is not None and callspec.params.get("database_kind") == "postgres"
