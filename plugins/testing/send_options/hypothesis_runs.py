"""Run a check over examples that hypothesis makes. It is imported when the first check needs it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Example = TypeVar("Example")
MISSING = (
    "The kit makes its cases with hypothesis, which is not installed. Install it with: pip install 'touchline[testing]'"
)


def need_hypothesis() -> None:
    """Raise ImportError with the command that installs hypothesis, if it is missing."""
    try:
        import hypothesis  # noqa: F401
    except ImportError as error:
        raise ImportError(MISSING) from error


def for_examples(strategy: "SearchStrategy[Example]", check: Callable[[Example], None], most: int) -> None:
    """Call the check for examples of a strategy. They are the same in every run."""
    from hypothesis import HealthCheck, Phase, given, settings

    @settings(
        max_examples=most,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(example: Any) -> None:
        check(example)

    run()
