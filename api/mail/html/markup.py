"""Tracks where a position in HTML is: in text, in a tag, or in an attribute's value."""

import re

_TAG = re.compile(r"<[A-Za-z/!?]")
_VALUE = re.compile(r"=\s*[\"']")


class MarkupTracker:
    """The state at the end of the HTML that was read so far, chunk by chunk."""

    def __init__(self) -> None:
        self.in_tag = False
        self.quote = ""
        """The quote character of the attribute value at the end; "" outside of a value."""

    def read(self, text: str) -> None:
        """Read the next chunk."""
        position = 0
        while position < len(text):
            if self.quote:
                end = text.find(self.quote, position)
                if end < 0:
                    return
                self.quote, position = "", end + 1
            elif self.in_tag:
                tag_end = text.find(">", position)
                if value := _VALUE.search(text, position, tag_end if tag_end >= 0 else len(text)):
                    self.quote, position = value.group()[-1], value.end()
                elif tag_end >= 0:
                    self.in_tag, position = False, tag_end + 1
                else:
                    return
            else:
                tag = _TAG.search(text, position)
                if tag is None:
                    return
                self.in_tag, position = True, tag.end()
