"""The key of a mail, which is the same for every copy of the mail, whatever its folder and UID."""

import re
from hashlib import sha256

END_OF_HEADER = re.compile(rb"\r?\n\r?\n")
FOLD = re.compile(rb"\r?\n(?=[ \t])")
IDENTIFYING = (b"message-id", b"from", b"date", b"subject")
TRACE = (b"received", b"return-path", b"delivered-to", b"x-original-to", b"status", b"x-")
"""Beginnings of the names of fields that servers and programs add to a copy."""


def mail_key(data: bytes) -> str:
    """Return the key of a mail.

    A mail server gives new UIDs to all mails when it is rebuilt, and a mail that a rule or a person moves gets a new
    UID as well. So the key has the Message-ID instead, with sender, date and subject, because some programs use one
    Message-ID for several mails. Without a Message-ID, the key has the whole content except the trace of its delivery.
    """
    end = END_OF_HEADER.search(data)
    header, body = (data[: end.start()], data[end.end() :]) if end else (data, b"")
    fields: dict[bytes, bytes] = {}
    others = []
    for line in FOLD.sub(b"", header).splitlines():
        name, _, value = line.partition(b":")
        name = name.strip().lower()
        if name in IDENTIFYING:
            fields.setdefault(name, b" ".join(value.split()))
        elif not name.startswith(TRACE):
            others.append(b" ".join(line.split()))
    parts = [fields.get(name, b"") for name in IDENTIFYING]
    if not fields.get(b"message-id"):
        parts += [*others, body]
    digest = sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return f"mail:{digest.hexdigest()}"
