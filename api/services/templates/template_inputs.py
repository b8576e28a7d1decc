"""Checks of templates and HTML from clients. Worker processes do the slow checks.

Call them outside of transactions. Each returns the clean value, or raises Refusal with the path of the argument.
"""

from collections.abc import Awaitable
from typing import NamedTuple, TypeVar

from api.codes.request_errors.inputs import InputCode
from api.mail.html.limits import HtmlLimitError
from api.mail.templates.liquid import TemplateProblem
from api.services.common.inputs import inputs
from api.services.common.inputs.inputs import Path
from api.services.templates import rendering
from strategies import Refusal
from strategies.errors import RefusalCollector

Value = TypeVar("Value")

MAX_SUBJECT_CHARACTERS = 900


class WrittenText(NamedTuple):
    """The text that a rep wrote for one email. A part that is None comes from elsewhere, such as a template."""

    subject: str | None
    html: str | None


async def written_text(workspace_id: str, subject: str | None, html: str | None, path: Path = ()) -> WrittenText:
    """Return a clean subject and HTML that a rep wrote for one email, where given. ``path`` leads to both.

    They are sent unchanged: neither is a template. Raises Refusal, also for a part without content.
    """
    refusals = RefusalCollector()
    with refusals:
        if subject is not None:
            subject = inputs.line(subject, (*path, "subject"), limit=MAX_SUBJECT_CHARACTERS)
    with refusals:
        if html is not None:
            html = await written_html(workspace_id, html, (*path, "html"))
    refusals.raise_any()
    return WrittenText(subject, html)


async def html(workspace_id: str, value: str, path: Path) -> str:
    """Return HTML with dynamic fields, unchanged. Rendering sanitizes it. Without content it is refused."""
    source = inputs.text(value, path)
    _require_content(
        await _refuse_problems(rendering.check_template(workspace_id, source, html=True, line=False), path), path
    )
    return source


async def written_html(workspace_id: str, value: str, path: Path) -> str:
    """Return the sanitized HTML that a rep wrote for one email. It is not a template."""
    return _require_content(
        await _refuse_problems(rendering.clean_html(workspace_id, inputs.text(value, path)), path), path
    )


async def draft_html(workspace_id: str, value: str, path: Path) -> str:
    """Return sanitized HTML that a rep is still writing. It may be empty."""
    return await _refuse_problems(rendering.clean_html(workspace_id, inputs.text(value, path)), path)


async def text(workspace_id: str, value: str | None, path: Path) -> str | None:
    """Return plain text with dynamic fields, or None if there is none."""
    if value is None:
        return None
    return await _refuse_problems(
        rendering.check_template(workspace_id, inputs.text(value, path), html=False, line=False), path
    )


async def subject(workspace_id: str, value: str, path: Path, *, required: bool = True) -> str:
    """Return a subject with dynamic fields."""
    line = inputs.line(value, path, limit=MAX_SUBJECT_CHARACTERS, required=required)
    return await _refuse_problems(rendering.check_template(workspace_id, line, html=False, line=True), path)


def _require_content(cleaned: str, path: Path) -> str:
    if not cleaned.strip():
        raise Refusal.of(InputCode.REQUIRED, path, case="content")
    return cleaned


async def _refuse_problems(checking: Awaitable[Value], path: Path) -> Value:
    try:
        return await checking
    except TemplateProblem as problem:
        raise Refusal(*problem.message, path) from None
    except HtmlLimitError as problem:
        raise Refusal(*problem.message, path) from None
