"""Where in HTML a place is: in text, in a tag, or in the value of an attribute."""

import re

_TAG = re.compile(r"<[A-Za-z/!?]")
_VALUE = re.compile(r"=\s*[\"']")


class Markup:
    """Reads HTML piece by piece, as far as the end of each piece. ``quote`` is of the value that it ends in."""

    def __init__(self) -> None:
        self.in_tag = False
        self.quote = ""

    def read(self, text: str) -> None:
        """Read a piece."""
        at = 0
        while at < len(text):
            if self.quote:
                end = text.find(self.quote, at)
                if end < 0:
                    return
                self.quote, at = "", end + 1
            elif self.in_tag:
                closed = text.find(">", at)
                if value := _VALUE.search(text, at, closed if closed >= 0 else len(text)):
                    self.quote, at = value.group()[-1], value.end()
                elif closed >= 0:
                    self.in_tag, at = False, closed + 1
                else:
                    return
            else:
                begun = _TAG.search(text, at)
                if begun is None:
                    return
                self.in_tag, at = True, begun.end()
