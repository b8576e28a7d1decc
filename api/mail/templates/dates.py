"""The ``date`` filter. Times are shown in the time zone of the person's enrollment."""

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
_FIELD_WIDTH = re.compile("%[^A-Za-z%]*[0-9]{3}")
CLOCK = "\ue102clock"
"""Name under which the template's values contain the present time. Templates cannot read or set it."""


@with_context
@liquid_filter
def date(value: object, format_value: object, *, context: RenderContext) -> object:
    """Format a date or time with a strftime format, such as ``{{ now | date: "%d %B" }}``.

    Times are converted to the person's time zone. ``value`` may be ``now``, ``today``, ISO 8601, most other date
    formats, or seconds since 1970-01-01 UTC. Other values are returned unchanged, as in Shopify's Liquid.
    """
    if is_undefined(value):
        return ""
    if is_undefined(format_value):
        return str(value)
    moment = _parse(value, context.resolve(CLOCK))
    if moment is None:
        return value
    format_text = str(format_value)
    if len(format_text) > MAX_FORMAT_LENGTH or _FIELD_WIDTH.search(format_text):
        raise FilterArgumentError(
            f"a date format may have up to {MAX_FORMAT_LENGTH} characters and no widths", token=None
        )
    try:
        formatted = moment.strftime(format_text)
    except (ValueError, UnicodeError) as problem:
        raise FilterArgumentError(f"invalid date format: {problem}", token=None) from None
    return Markup(formatted) if context.autoescape and isinstance(format_value, Markup) else formatted


def _parse(value: object, now: dt.datetime) -> dt.datetime | None:
    """Return a value as a time in the zone of ``now``; None if it is not a date or time."""
    zone = now.tzinfo
    assert zone is not None  # noqa: S101 - ``render`` requires an aware datetime
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
