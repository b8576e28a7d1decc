"""What to think about in a template."""

from api.mail.templates.liquid import TemplateProblem
from api.services.templates.rendering import list_removed
from strategies import WarningNote


async def html_removed(workspace_id: str, html: str, *, template: bool = True) -> list[WarningNote]:
    """Warn of what emails leave without: of a template, or of HTML that a person wrote for one email."""
    try:
        removed = await list_removed(workspace_id, html, template=template)
    except TemplateProblem:
        return []  # it was stored before there were limits: none of its emails leaves, and each says why
    return [WarningNote("HTML_REMOVED", {"removed": each}) for each in removed]
