"""The jobs on templates and HTML that run in worker processes."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from api.mail.html.sanitize import sanitize
from api.mail.inline_limits import TemplateFact, require_quick_html, require_quick_template, require_worker
from api.mail.message.body import make_frame
from api.mail.message.compose import ComposedEmail, EarlierEmail, EmailContent, compose
from api.mail.message.email_rendering import RenderedEmail, RenderFailure, RenderRequest, render_email
from api.mail.removed_html import find_removed_html
from api.mail.template_check import check_template
from api.mail.templates.liquid import TemplateProblem, UnresolvedFieldError, find_field_names, simple_template
from api.mail.templates.tags import remove_tags

MAX_BATCH_ITEMS = 50
"""Most emails, or people, of one job."""
MAX_BATCH_SECONDS = 0.25
"""CPU time after which a job returns the results that it has."""
MAX_BATCH_BYTES = 4_000_000
"""Size of rendered emails after which a job returns, in bytes."""
MAX_QUICK_BLOCKERS = 3
"""Most fields without a value that are searched in the server's process. Each needs another attempt to render."""
_FACT_FUNCTIONS: Mapping[str, Any] = {"form": simple_template, "frame": make_frame, "fields": find_field_names}


class Blockers(NamedTuple):
    """What prevents an email from being sent."""

    fields: Sequence[str]
    """Names of fields without a value."""
    prompts: Sequence[str]
    """Labels of field prompts that nobody has replaced."""


def preload() -> None:
    """Do nothing. A worker that runs this job imports the modules that rendering needs."""


def find_template_fact(fact: TemplateFact) -> Any:
    """Compute a fact about a template. Raises TemplateProblem."""
    return _FACT_FUNCTIONS[fact.name](*fact.arguments)


def check_saved_template(source: str, html: bool, line: bool) -> str:
    """Check a template before it is saved.

    Returns its sanitized HTML with "x" in the place of fields, or the text itself if it is not HTML. Raises
    TemplateProblem and HtmlLimitError.
    """
    require_quick_template(source)
    check_template(source, html=html, line=line)
    return clean_html(remove_tags(source, "x")) if html else source


def clean_html(html: str) -> str:
    """Sanitize HTML that a person wrote. Raises HtmlLimitError."""
    require_quick_html(html)
    return sanitize(html)


def list_removed(source: str, template: bool) -> list[str]:
    """List what the sanitizer removes from HTML."""
    require_quick_html(source)
    return find_removed_html(source, template=template)


def compose_email(
    content: EmailContent, fields: Mapping[str, str], now: datetime, earlier: EarlierEmail | None
) -> ComposedEmail:
    """Compose an email for one person. Raises UnresolvedFieldError and TemplateProblem."""
    return compose(content, fields, now, earlier)


def render_emails(requests: Sequence[RenderRequest]) -> list[RenderedEmail | RenderFailure]:
    """Render emails in order: at least one, and more until MAX_BATCH_SECONDS or MAX_BATCH_BYTES is reached."""
    started, size = time.process_time(), 0
    results: list[RenderedEmail | RenderFailure] = []
    for request in requests:
        result = render_email(request)
        results.append(result)
        size += len(result.message) if isinstance(result, RenderedEmail) else 0
        if time.process_time() - started > MAX_BATCH_SECONDS or size > MAX_BATCH_BYTES:
            break
    return results


def find_blockers(
    content: EmailContent, people: Sequence[Mapping[str, str]], now: datetime, earlier: EarlierEmail | None
) -> list[Blockers]:
    """Return the blockers of each person's email: for at least one, and more until MAX_BATCH_SECONDS is reached."""
    started = time.process_time()
    results: list[Blockers] = []
    for fields in people:
        results.append(find_person_blockers(content, fields, now, earlier))
        if time.process_time() - started > MAX_BATCH_SECONDS:
            break
    return results


def find_person_blockers(
    content: EmailContent, fields: Mapping[str, str], now: datetime, earlier: EarlierEmail | None
) -> Blockers:
    """Return the blockers of one person's email."""
    values, missing = dict(fields), list[str]()
    while True:
        try:
            return Blockers(missing, compose(content, values, now, earlier).prompts)
        except UnresolvedFieldError as problem:
            if values.get(problem.field, "").strip():
                return Blockers(missing, ())  # a property of a field, such as order.number: no field has properties
            if len(missing) >= MAX_QUICK_BLOCKERS:
                require_worker()
            missing.append(problem.field)
            values[problem.field] = "x"
        except TemplateProblem:
            return Blockers(missing, ())
