"""Scalars that refuse what they cannot keep."""

from datetime import UTC, datetime

import strawberry


def _read(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("DateTime is a string such as 2026-03-02T08:30:00Z.")
    try:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise ValueError
        return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{value[:60]!r} is no instant. Give date, time and offset: 2026-03-02T08:30:00Z or …T09:30:00+01:00."
        ) from None


def _write(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


DateTime = strawberry.scalar(
    name="DateTime",
    description="An instant, ISO 8601 with an offset (`2026-03-02T08:30:00Z`). Answers are in UTC.",
    parse_value=_read,
    serialize=_write,
)
