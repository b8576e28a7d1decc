"""Finds the Message-IDs of the emails that a mail is about."""

import re
from collections.abc import Iterable

from api.mail.reading.headers import Headers

MAX_MESSAGE_IDS = 100
BRACKETED = re.compile(r"<([^<>\s]{1,500})>")
BARE = re.compile(r"^[^<>\s]{1,250}@[^<>\s]{1,250}$")
IN_TEXT = re.compile(r"message[- ]?id\W{0,5}\s?<([^<>\s]{1,250}@[^<>\s]{1,250})>", re.IGNORECASE)


def message_ids_in(value: str) -> list[str]:
    """Return the Message-IDs in a field, with angle brackets. One without brackets gets them."""
    found = [f"<{each}>" for each in BRACKETED.findall(value)]
    bare = value.strip().strip("\"'")
    return found or ([f"<{bare}>"] if BARE.match(bare) else [])


def ids_of_answer(headers: Headers) -> list[str]:
    """Return the Message-IDs in In-Reply-To, then those in References, the nearest first."""
    replied = [each for value in headers.get_all("in-reply-to") for each in message_ids_in(value)]
    references = [each for value in headers.get_all("references") for each in message_ids_in(value)]
    return replied + references[::-1]


def ids_of_returned(returned: Iterable[Headers], text: str = "") -> list[str]:
    """Return the Message-IDs of returned emails, and those that a report names in its text.

    The emails that a returned email refers to are not among them: it is that email that failed, not an earlier one.
    """
    fields = ("message-id", "x-google-original-message-id", "x-microsoft-original-message-id")
    own = [each for header in returned for value in header.get_all(*fields) for each in message_ids_in(value)]
    return own + [f"<{each}>" for each in IN_TEXT.findall(text)]


def distinct(message_ids: Iterable[str], without: str) -> tuple[str, ...]:
    """Return each Message-ID once, except that of the mail itself."""
    return tuple(each for each in dict.fromkeys(message_ids) if each != without)[:MAX_MESSAGE_IDS]
