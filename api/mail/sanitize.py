"""Safe HTML: scripts, handlers, frames and links that run code are taken out of what is rendered."""

import nh3

_ATTRIBUTES = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()} | {"*": {"style", "align", "dir"}}
_CLEANER = nh3.Cleaner(attributes=_ATTRIBUTES)


def sanitize(html: str) -> str:
    """Return HTML without what may not be in an email. Dynamic fields must have been rendered."""
    return _CLEANER.clean(html)
