"""Log the exceptions of send options that run in this process."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from strategies import Refusal
from strategies.codes import StrategyCode

log = logging.getLogger("touchline.plans")


@contextmanager
def logging_failures(campaign_id: str) -> Iterator[None]:
    """Log the exception of a send option that fails in the block, with its traceback."""
    try:
        yield
    except Refusal as refusal:
        # If another process runs the option, its exception has been logged already.
        if refusal.code == StrategyCode.SEND_OPTION_FAILED and refusal.__cause__ is not None:
            log.error(
                "a send option of the campaign %s failed: %s", campaign_id, refusal.message, exc_info=refusal.__cause__
            )
        raise
