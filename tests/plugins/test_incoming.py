"""What webhooks and mailboxes of packages hand over becomes plain values, or is refused at once."""

from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any

import pytest

from plugins.incoming import BounceKind, IncomingMail, ReportedEvent, ReportedKind

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
EVENT = ReportedEvent("1", ReportedKind.OPENED, NOW)
MAIL = IncomingMail("INBOX:1:1", b"Subject: Hi", NOW)


class Loud(str):
    """A text whose methods raise."""

    def _raise(self, *args: Any) -> Any:
        raise RuntimeError

    __len__ = __str__ = __bool__ = encode = replace = _raise  # type: ignore[assignment]


class LoudZone(tzinfo):
    """A zone that answers once, and raises later."""

    asked = False

    def dst(self, at: datetime | None) -> Any:
        raise RuntimeError

    def tzname(self, at: datetime | None) -> Any:
        raise RuntimeError

    def utcoffset(self, at: datetime | None) -> Any:
        if self.asked:
            raise RuntimeError
        self.asked = True
        return UTC.utcoffset(at)


def test_texts_and_times_become_plain() -> None:
    event = replace(EVENT, key=Loud("1"), email_id=Loud("snd_1"), detail=Loud("no"), at=NOW.replace(tzinfo=LoudZone()))
    assert {type(each) for each in (event.key, event.email_id, event.detail)} == {str}
    assert event.details == {"email_id": "snd_1", "detail": "no"}
    assert event.at.astimezone(UTC) == NOW
    mail = replace(MAIL, key=Loud("a"), data=bytearray(b"x"))  # type: ignore[arg-type]
    assert (type(mail.key), type(mail.data)) == (str, bytes)


@pytest.mark.parametrize(
    ("record", "name", "value"),
    [
        (EVENT, "key", 7),
        (EVENT, "kind", "OPENED"),
        (EVENT, "at", "2026-03-02T08:00:00Z"),
        (EVENT, "email_id", 7),
        (EVENT, "detail", None),
        (EVENT, "url", b"https"),
        (replace(EVENT, kind=ReportedKind.BOUNCED, bounce=BounceKind.HARD), "bounce", "HARD"),
        (MAIL, "key", None),
        (MAIL, "data", "text"),
        (MAIL, "received_at", 7),
    ],
)
def test_a_value_of_another_type_is_refused(record: Any, name: str, value: Any) -> None:
    with pytest.raises(TypeError):
        replace(record, **{name: value})
