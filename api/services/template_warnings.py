"""What to think about in a template."""

from api.mail.removed import removed_from
from strategies import WarningNote


def html_removed(html: str, *, template: bool = True) -> list[WarningNote]:
    """Warn of what emails leave without: of a template, or of HTML that a person wrote for one email."""
    return [WarningNote("HTML_REMOVED", {"removed": each}) for each in removed_from(html, template=template)]
