"""Dates in templates, in the workspace's time and in the time zone of the person's enrollment."""

import datetime as dt
import re

from dateutil import parser
from liquid import Markup, RenderContext
from liquid.exceptions import FilterArgumentError
from liquid.filter import liquid_filter, with_context
from liquid.undefined import is_undefined

MAX_FORMAT_LENGTH = 200
"""Longest date format, in characters."""
MAX_VALUE_LENGTH = 100
"""Longest text that is parsed as a date, in characters."""
_WIDTH = re.compile("%[^A-Za-z%]*[0-9]{3}")
CLOCK = "\ue102clock"
"""Name of the clock among the template's values. Templates cannot use or change it."""


@with_context
@liquid_filter
def date(value: object, form: object, *, context: RenderContext) -> object:
    """Write a date or an instant in a format of strftime. An instant is shown in the person's zone.

    It takes ``now``, ``today``, ISO 8601 and most other ways to write a date, and seconds since 1970. Anything else
    stays as it is, as in Shopify's Liquid.
    """
    if is_undefined(value):
        return ""
    if is_undefined(form):
        return str(value)
    moment = _moment(value, context.resolve(CLOCK))
    if moment is None:
        return value
    written_as = str(form)
    if len(written_as) > MAX_FORMAT_LENGTH or _WIDTH.search(written_as):
        raise FilterArgumentError(
            f"a date format may have up to {MAX_FORMAT_LENGTH} characters and no widths", token=None
        )
    try:
        written = moment.strftime(written_as)
    except (ValueError, UnicodeError) as problem:
        raise FilterArgumentError(f"invalid date format: {problem}", token=None) from None
    return Markup(written) if context.autoescape and isinstance(form, Markup) else written


def _moment(value: object, now: dt.datetime) -> dt.datetime | None:
    """Return a moment in the zone of the clock; None for a value that is none."""
    zone = now.tzinfo
    assert zone is not None  # noqa: S101 - the clock knows its zone
    if isinstance(value, dt.datetime):
        return _in_zone(value, zone)
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time(), zone)
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return dt.datetime.fromtimestamp(value, zone)
        if not isinstance(value, str) or len(value) > MAX_VALUE_LENGTH:
            return None
        if value in {"now", "today"}:
            return now
        if value.isdecimal():
            return dt.datetime.fromtimestamp(int(value), zone)
        midnight = dt.datetime.combine(now.date(), dt.time())
        return _in_zone(parser.parse(value, default=midnight), zone)
    except (parser.ParserError, OverflowError, ValueError, OSError):
        return None


def _in_zone(moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)
