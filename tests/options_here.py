"""Ask the send options of packages in the process of the tests: worker processes do not see packages of a test.

Questions and answers are pickled all the same. ``in_workers`` asks in worker processes again.
"""

import pickle
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from api.services.option_calls.answering import Answers, answer_with
from api.services.option_calls.asker import OptionAsker
from api.services.option_calls.workers import close_pools
from strategies.questions import Question

_in_workers = OptionAsker.run


async def _run(
    self: OptionAsker, packages: tuple[str, ...], questions: Sequence[Question], paused: Collection[str]
) -> Answers:
    sent = pickle.loads(pickle.dumps(questions))
    found: Answers = pickle.loads(pickle.dumps(answer_with(self.options, sent, paused)))
    return found


def answer_here() -> None:
    """Ask options in this process from now on."""
    OptionAsker.run = _run  # type: ignore[method-assign]


@contextmanager
def in_workers() -> Iterator[None]:
    """Ask options in worker processes, which end with the block."""
    OptionAsker.run = _in_workers  # type: ignore[method-assign]
    try:
        yield
    finally:
        answer_here()
        close_pools()
