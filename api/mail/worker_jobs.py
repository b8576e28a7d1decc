"""The functions that worker processes run on templates and HTML."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from api.mail.html.sanitize import sanitize
from api.mail.inline_limits import TemplateFact, require_quick_html, require_quick_template, require_worker
from api.mail.message.body import frame_of
from api.mail.message.compose import Composed, Content, Earlier, compose
from api.mail.message.writing import NotWritten, Order, Written, write_email
from api.mail.removed_html import find_removed_html
from api.mail.template_check import check_template
from api.mail.templates.liquid import TemplateProblem, UnresolvedFieldError, fields_in, simple_form
from api.mail.templates.tags import without_tags

MAX_BATCH_ITEMS = 50
"""Most emails, or people, in one call."""
MAX_BATCH_SECONDS = 0.25
"""CPU time after which a batch stops and returns what is done."""
MAX_BATCH_BYTES = 4_000_000
"""Size of emails after which a batch stops, in bytes."""
MAX_QUICK_TRIES = 3
"""Most fields without a value that the server's process finds itself; a worker finds more."""
_FACTS: Mapping[str, Any] = {"form": simple_form, "frame": frame_of, "fields": fields_in}


class Blockers(NamedTuple):
    """Why an email cannot be sent: fields without a value, and remaining field prompts."""

    fields: Sequence[str]
    prompts: Sequence[str]


def preload() -> None:
    """Do nothing. Calling it imports this module and all that rendering needs."""


def find_template_fact(fact: TemplateFact) -> Any:
    """Compute a fact about a template. Raises TemplateProblem."""
    return _FACTS[fact.name](*fact.arguments)


def check(source: str, html: bool, line: bool) -> str:
    """Check a template that is saved. Returns its HTML, made safe, without tags and fields; of other text, itself.

    Raises TemplateProblem and HtmlLimitError.
    """
    require_quick_template(source)
    check_template(source, html=html, line=line)
    return clean_html(without_tags(source, "x")) if html else source


def name_fields(source: str) -> frozenset[str]:
    """Return the dynamic fields that a template names; of one that cannot be read, none."""
    return fields_in(source)


def clean_html(html: str) -> str:
    """Return HTML that a person wrote, made safe. Raises HtmlLimitError."""
    require_quick_html(html)
    return sanitize(html)


def list_removed(source: str, template: bool) -> list[str]:
    """Return what is taken out of HTML."""
    require_quick_html(source)
    return find_removed_html(source, template=template)


def compose_email(content: Content, fields: Mapping[str, str], now: datetime, earlier: Earlier | None) -> Composed:
    """Compose an email for one person. Raises UnresolvedFieldError and TemplateProblem."""
    return compose(content, fields, now, earlier)


def write_emails(orders: Sequence[Order]) -> list[Written | NotWritten]:
    """Write emails in their order, at least one, until a batch's computing time or size is used up."""
    began, size = time.process_time(), 0
    done: list[Written | NotWritten] = []
    for order in orders:
        written = write_email(order)
        done.append(written)
        size += len(written.message) if isinstance(written, Written) else 0
        if time.process_time() - began > MAX_BATCH_SECONDS or size > MAX_BATCH_BYTES:
            break
    return done


def find_blockers(
    content: Content, people: Sequence[Mapping[str, str]], now: datetime, earlier: Earlier | None
) -> list[Blockers]:
    """Return the blockers of each person's email, for at least one person, until the batch's time is used up."""
    began = time.process_time()
    done: list[Blockers] = []
    for fields in people:
        done.append(find_blockers_of_one(content, fields, now, earlier))
        if time.process_time() - began > MAX_BATCH_SECONDS:
            break
    return done


def find_blockers_of_one(
    content: Content, fields: Mapping[str, str], now: datetime, earlier: Earlier | None
) -> Blockers:
    """Return the fields without a value and the remaining field prompts of one email."""
    known, missing = dict(fields), list[str]()
    while True:
        try:
            return Blockers(missing, compose(content, known, now, earlier).prompts)
        except UnresolvedFieldError as problem:
            if known.get(problem.field, "").strip():
                return Blockers(missing, ())  # a part of a value, which no person's fields have
            if len(missing) >= MAX_QUICK_TRIES:
                require_worker()
            missing.append(problem.field)
            known[problem.field] = "x"
        except TemplateProblem:
            return Blockers(missing, ())
