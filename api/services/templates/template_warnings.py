"""Warnings about templates."""

from api.mail.templates.liquid import TemplateProblem
from api.services.templates.rendering import list_removed
from strategies import WarningNote
from strategies.sentences.warning_codes import WarningCode


async def html_removed(workspace_id: str, html: str, *, template: bool = True) -> list[WarningNote]:
    """Warn about parts that the sanitizer removes from a template, or from HTML that a rep wrote for one email."""
    try:
        removed = await list_removed(workspace_id, html, template=template)
    except TemplateProblem:
        return []  # an earlier release stored it without limits; its emails fail with the reason
    return [WarningCode.HTML_REMOVED.note(removed=each) for each in removed]
