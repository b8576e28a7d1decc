"""The ranges of time in which a send option lets an email be sent: check them, and find the next time in them."""

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

from strategies.package_options.plain_values import plain_instant
from strategies.ranges import Range

Ranges = tuple[Range, ...]
"""Ranges in their order. They do not overlap."""
MAX_RANGES = 400
"""The most ranges of one email."""


def plain_ranges(answer: object) -> Ranges | None:
    """Return the result of ``window`` with plain values. Raises TypeError or ValueError if it breaks the contract."""
    if answer is None:
        return None
    if not isinstance(answer, Sequence) or isinstance(answer, (str, bytes)):
        raise TypeError(f"window() returned {answer!r:.60}, which is neither None nor a list of Range objects")
    if len(answer) > MAX_RANGES:
        raise ValueError(f"window() returned {len(answer)} ranges; the limit is {MAX_RANGES}")
    ranges = tuple(_plain_range(each) for each in answer)
    for before, after in pairwise(ranges):
        if after.start < before.end:
            raise ValueError(f"the ranges of window() overlap or are not in order, at {after.start}")
    return ranges


def next_allowed(ranges: Ranges, instant: dt.datetime) -> dt.datetime | None:
    """Return the instant itself if it is in a range, else the next start of a range. None after the last range."""
    for each in ranges:
        if instant < each.end:
            return max(instant, each.start)
    return None


def may_be_sent(ranges: Ranges | None, instant: dt.datetime) -> bool:
    """Say whether an email with these ranges can be sent at an instant. None: at any time."""
    return ranges is None or next_allowed(ranges, instant) == instant


def _plain_range(answer: object) -> Range:
    if not isinstance(answer, Range):
        raise TypeError(f"window() returned {answer!r:.60} in the place of a Range")
    start, end = plain_instant(answer.start), plain_instant(answer.end)
    if start is None or end is None or start.microsecond or end.microsecond:
        raise ValueError(f"a range starts and ends at a whole second, not at {start} and {end}")
    return Range(start, end)
