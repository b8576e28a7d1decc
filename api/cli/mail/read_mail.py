"""``touchline mail read``: classify received mails, for support and for tests."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from api.mail.address import AddressProblem, check_address
from api.mail.reading import FailedRecipient, MailReading, read_mail
from api.mail.reading.parts import MAX_MAIL_BYTES
from api.printable import printable
from api.settings import Settings
from plugins.incoming import BounceKind

STANDARD_INPUT = "-"


def read(settings: Settings, *, files: Sequence[str], own: Sequence[str] = ()) -> int:
    """Print a JSON object for each mail; exit code 1 if a file could not be read."""
    try:
        own_addresses = [check_address(each) for each in own]
    except AddressProblem as problem:
        raise ValueError(f"--own: {problem}") from None
    code = 0
    for file in files:
        try:
            data = _read_file(file)
        except OSError as problem:
            why = printable(problem.strerror or str(problem))
            print(f"touchline: cannot read {printable(file)}: {why}", file=sys.stderr)
            code = 1
            continue
        print(json.dumps({"file": file, **as_json(read_mail(data, own_addresses))}, ensure_ascii=False), flush=True)
    return code


def _read_file(file: str) -> bytes:
    """Return the part of a mail that is read, with one byte more."""
    if file == STANDARD_INPUT:
        return sys.stdin.buffer.read(MAX_MAIL_BYTES + 1)
    with Path(file).open("rb") as source:
        return source.read(MAX_MAIL_BYTES + 1)


def as_json(reading: MailReading) -> dict[str, object]:
    """Return a reading for a program: its main fields first, then details."""
    return {
        "kind": reading.kind.value,
        "severity": _severity(reading),
        "recipients": list(reading.people),
        "status": next((each.status for each in _worst_first(reading) if each.status), None),
        "message_ids": list(reading.message_ids),
        "reason": reading.reason.sentence,
        "reason_code": reading.reason.code.value,
        "failures": [{**asdict(each), "kind": each.kind.value} for each in reading.failures],
        "message_id": reading.message_id,
        "sender": reading.sender,
        "to": list(reading.recipients),
        "subject": reading.subject,
        "date": reading.date.isoformat() if reading.date else None,
        "text": reading.text,
    }


def _worst_first(reading: MailReading) -> list[FailedRecipient]:
    return sorted(reading.failures, key=lambda each: each.kind is not BounceKind.HARD)


def _severity(reading: MailReading) -> str | None:
    """Return HARD, SOFT, or MIXED if a bounce has recipients of both kinds; None for other mails."""
    kinds = {each.kind.value for each in reading.failures}
    return "MIXED" if len(kinds) > 1 else next(iter(kinds), None)
