"""How many cases a test tries that could try thousands: by default a fixed part, with ``--all-cases`` all of them.

The part is the same at every run. It has each kind of case at least once, so it finds each new kind of fault.
"""

from collections.abc import Iterable
from typing import TypeVar

from hypothesis import settings

OPTION = "--all-cases"
EXAMPLES, ALL_EXAMPLES = 25, 100
"""How many examples hypothesis makes, where a test does not say it."""
Case = TypeVar("Case")
_all = False


def take(every: bool) -> None:
    """Let the tests of this process take all their cases, or a part."""
    global _all  # noqa: PLW0603 - the option of one run
    _all = every
    # The same examples at every run, however slow the machine is.
    settings.register_profile(
        "touchline", deadline=None, derandomize=True, max_examples=how_many(EXAMPLES, ALL_EXAMPLES)
    )
    settings.load_profile("touchline")


def all_cases() -> bool:
    """Say whether tests take all their cases."""
    return _all


def how_many(usual: int, most: int) -> int:
    """Return how many cases a test takes that makes its own."""
    return most if _all else usual


def one_in(step: int, cases: Iterable[Case], begin: int = 0) -> list[Case]:
    """Return every case, or by default every third, fourth and so on, from a given one on."""
    found = list(cases)
    return found if _all else found[begin % step :: step]
