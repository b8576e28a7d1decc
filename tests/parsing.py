"""Watch what templates and HTML this process reads itself, in the place of its worker processes."""

from typing import Any

import pytest

from api.mail.html import sanitize
from api.mail.message import body
from api.mail.templates import liquid


def watch(patch: pytest.MonkeyPatch) -> list[str]:
    """Return the list to which every template and HTML is added that is parsed in this process from now on."""
    seen: list[str] = []
    for cache in (liquid.simple_template_cache, liquid.field_names_cache, body.frame_cache):
        cache.clear()
    from_string, clean = liquid._LimitedEnvironment.from_string, sanitize.clean_elements

    def parse(self: Any, source: str, *given: Any, **named: Any) -> Any:
        seen.append(source)
        return from_string(self, source, *given, **named)

    def cleaned(html: str) -> str:
        seen.append(html)
        return clean(html)

    patch.setattr(liquid._LimitedEnvironment, "from_string", parse)
    patch.setattr(sanitize, "clean_elements", cleaned)
    return seen
