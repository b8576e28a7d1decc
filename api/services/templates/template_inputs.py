"""Checks on templates and HTML that clients send, for a workspace. Slow ones are checked in worker processes.

Call outside of transactions. Each returns the clean value or refuses with the argument's path.
"""

from collections.abc import Awaitable
from typing import TypeVar

from api.codes.inputs import InputCode
from api.codes.templates import TemplateCode
from api.mail.html.limits import HtmlLimitError
from api.mail.templates.liquid import TemplateProblem
from api.services.common import inputs
from api.services.common.inputs import Path
from api.services.templates import rendering
from strategies import Refusal

Value = TypeVar("Value")


async def html(workspace_id: str, value: str, path: Path) -> str:
    """HTML with dynamic fields, as it was written: what is rendered of it is made safe. It must have content."""
    checked = inputs.text(value, path)
    _need_content(await _told(rendering.check_template(workspace_id, checked, html=True, line=False), path), path)
    return checked


async def written_html(workspace_id: str, value: str, path: Path) -> str:
    """HTML that a person wrote for one email, made safe. It is no template."""
    return _need_content(await _told(rendering.clean_html(workspace_id, inputs.text(value, path)), path), path)


async def text(workspace_id: str, value: str | None, path: Path) -> str | None:
    """Plain text with dynamic fields; None for none."""
    if value is None:
        return None
    return await _told(rendering.check_template(workspace_id, inputs.text(value, path), html=False, line=False), path)


async def subject(workspace_id: str, value: str, path: Path, *, required: bool = True) -> str:
    """One line with dynamic fields."""
    line = inputs.line(value, path, limit=900, required=required)
    return await _told(rendering.check_template(workspace_id, line, html=False, line=True), path)


def _need_content(cleaned: str, path: Path) -> str:
    if not cleaned.strip():
        raise Refusal.of(InputCode.REQUIRED, path, case="content")
    return cleaned


async def _told(checking: Awaitable[Value], path: Path) -> Value:
    try:
        return await checking
    except TemplateProblem as problem:
        raise Refusal(problem.code, str(problem), path) from None
    except HtmlLimitError as problem:
        raise Refusal.of(TemplateCode.TEMPLATE_LIMIT, path, problem=str(problem)) from None
