"""Converts HTML tokens into the lines of the text part, in one pass."""

from collections.abc import Mapping
from dataclasses import replace

from api.mail.plain_text import links
from api.mail.plain_text.elements import (
    BLOCKS,
    CELLS,
    IMPLIED_END_TAGS,
    LISTS,
    NOT_RENDERED,
    PARAGRAPHS,
    PREFORMATTED,
    VOID,
)
from api.mail.plain_text.line_writer import (
    LINE_BREAK,
    MAX_PREFIX_LENGTH,
    SOFT_SPACE,
    VISIBLE,
    LineWriter,
    collapse_spaces,
)
from api.mail.plain_text.lists import start_list
from api.mail.plain_text.stack import Context, Element, OpenLink, Stack
from api.mail.plain_text.style_rules import StyleRules
from api.mail.plain_text.styles import Style, parse_style
from api.mail.plain_text.tables import finish_table, start_table
from api.mail.plain_text.tokens import EndTag, StartTag, tokenize

_TRACKING_PIXEL_SIZES = frozenset({"0", "1", "0px", "1px"})


class HtmlConverter:
    """Reads one document or fragment. Afterwards ``writer`` has the lines.

    If nothing is readable, because the email has only images without alternative texts or links, the lines are the
    URLs of its images.
    """

    def __init__(self, html: str) -> None:
        self.writer = LineWriter()
        self._stack = Stack()
        self._style_rules = StyleRules()
        self._image_urls: dict[str, None] = {}
        self._styles: dict[tuple[str, bool], Style] = {}
        """Parsed styles, by CSS and ``hidden`` attribute."""
        for token in tokenize(html):
            if isinstance(token, str):
                context = self._stack.context
                if context.visible:
                    self.writer.add(token, context.preformatted)
            elif isinstance(token, StartTag):
                self._start(token.name, token.attributes)
            elif isinstance(token, EndTag):
                self._end(token.name)
            else:
                self._style_rules.read(token.css)
        self._close_to(0)
        self.writer.end_line("")
        if not self.writer.lines:
            for url in self._image_urls:
                self.writer.write(url, "")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Open an element."""
        self._close_implied(name)
        style = self._style(self._style_rules.css_of(attributes), hidden="hidden" in attributes)
        outer = self._stack.context
        context = self._context(name, style, attributes, outer)
        if name in VOID:
            if not (context.removed or context.invisible):
                self._void_element(name, attributes, context)
            return
        is_block = (name in BLOCKS or style.is_block) and not context.removed
        element = Element(name, context, is_block)
        if is_block:
            space_before, element.space_after = self._blank_lines_around(name, style)
            self._start_line(outer, space_before)
        if name == "button":
            self._add_soft_space(context)
        if name == "a" and not context.removed and (url := links.target_url(attributes.get("href", ""))):
            element.link = OpenLink(url, len(self.writer.pieces), len(self.writer.lines), self.writer.flushes)
        elif name in LISTS:
            element.open_list = start_list(name, attributes)
        elif name == "li" and is_block:
            element.context = self._start_list_item(attributes, context, outer)
        elif name in {"blockquote", "dd"}:
            element.context = replace(context, prefix=_longer(outer.prefix, "> " if name == "blockquote" else "  "))
        self._start_table_part(element, attributes)
        self._stack.push(element)
        if name == "q" and context.visible:
            self.writer.add('"', preformatted=False)

    def _style(self, css: str, *, hidden: bool) -> Style:
        """Return a parsed style. The same CSS is parsed once per document."""
        if not css:
            return parse_style(css, hidden)
        style = self._styles.get((css, hidden))
        if style is None:
            style = self._styles[css, hidden] = parse_style(css, hidden)
        return style

    def _close_implied(self, name: str) -> None:
        """Close the open elements whose end tags this start tag implies."""
        if name == "table" and self._stack.between_cells():
            self._close_to(self._stack.index_of("table"))
        indexes = [index for other in IMPLIED_END_TAGS.get(name, ()) if (index := self._stack.index_of(other)) >= 0]
        if indexes:
            self._close_to(min(indexes))
        if name in BLOCKS and name != "table" and (index := self._stack.index_of("p")) >= 0:
            self._close_paragraph(index)
        if name == "a":
            self._end("a")

    def _context(self, name: str, style: Style, attributes: Mapping[str, str], outer: Context) -> Context:
        is_preview = style.outlook_only_hidden and name != "a" and not self.writer.has_text
        removed = style.removed or is_preview or name in NOT_RENDERED or (name == "dialog" and "open" not in attributes)
        preformatted = name in PREFORMATTED if style.preformatted is None else style.preformatted
        return Context(
            outer.prefix,
            removed=outer.removed or removed,
            invisible=outer.invisible if style.invisible is None else style.invisible,
            unreadable=outer.unreadable if style.unreadable is None else style.unreadable,
            preformatted=preformatted or (outer.preformatted and style.preformatted is None),
        )

    def _void_element(self, name: str, attributes: Mapping[str, str], context: Context) -> None:
        """Add an element that has no end tag."""
        if name == "br":
            self.writer.pieces.append(LINE_BREAK)
        elif name == "hr":
            self._start_line(context, space=True)
            self.writer.write("---", context.prefix)
            self.writer.blank = True
        elif name == "img":
            self._image(attributes, attributes.get("alt") or attributes.get("title", ""))
        elif name == "area" and (url := links.target_url(attributes.get("href", ""))):
            self._start_line(context, space=False)
            link = OpenLink(url, 0, len(self.writer.lines), self.writer.flushes, has_image=True)
            self.writer.add(attributes.get("alt", ""), preformatted=False)
            self._finish_link(link)
            self.writer.end_line(context.prefix)
        elif name == "input" and attributes.get("type", "").lower() in {"submit", "button", "reset"}:
            self._image(attributes, attributes.get("value", ""))

    def _image(self, attributes: Mapping[str, str], text: str) -> None:
        if attributes.get("width") in _TRACKING_PIXEL_SIZES or attributes.get("height") in _TRACKING_PIXEL_SIZES:
            return
        if link := self._stack.link:
            link.has_image = True
        url = links.target_url(attributes.get("src", ""))
        if url.lower().startswith(("http://", "https://")):
            self._image_urls[url] = None
        self.writer.pieces.append(SOFT_SPACE)
        self.writer.add(text, preformatted=False)
        self.writer.pieces.append(SOFT_SPACE)

    def _add_soft_space(self, context: Context) -> None:
        if context.visible:
            self.writer.pieces.append(SOFT_SPACE)

    def _start_line(self, outer: Context, space: bool) -> None:
        """End the current line; with ``space``, a blank line follows it."""
        self.writer.end_line(outer.prefix)
        if space and self.writer.marker is None:
            self.writer.blank = True

    def _blank_lines_around(self, name: str, style: Style) -> tuple[bool, bool]:
        """Say whether a block has a blank line before it, and after it."""
        if name in LISTS and self._stack.index_of("li") >= 0:
            return False, False
        if name in CELLS:
            table = self._stack.table
            padded = table is not None and table.padded
            first = table is None or not table.row_has_text
            return first and (padded or bool(style.space_before)), padded or bool(style.space_after)
        if name == "p":
            return style.space_before is not False, style.space_after is not False
        if name in PARAGRAPHS:
            return True, True
        may_have_space = name in BLOCKS and name not in {"li", "tr"}
        return may_have_space and bool(style.space_before), may_have_space and bool(style.space_after)

    def _start_list_item(self, attributes: Mapping[str, str], context: Context, outer: Context) -> Context:
        """Set the marker of a list item. Returns the context of its content, indented by the marker's width."""
        open_list = self._stack.open_list
        marker = open_list.next_marker(attributes.get("value")) if open_list else "- "
        if open_list and open_list.items > 1:
            self.writer.blank = False
        prefix = _longer(outer.prefix, " " * len(marker))
        self.writer.marker = (outer.prefix + marker, len(prefix))
        return replace(context, prefix=prefix)

    def _start_table_part(self, element: Element, attributes: Mapping[str, str]) -> None:
        """Note a table, or a row or cell of the open table."""
        table = self._stack.table
        if element.name == "table":
            if table is not None:
                table.innermost = False
            element.table = start_table(attributes, len(self.writer.lines))
        elif table is not None and element.name in {"tr", "td", "th", "thead", "caption"}:
            table.is_data = table.is_data or element.name in {"th", "thead", "caption"}
            if element.name == "tr" or (element.name in CELLS and not table.rows):
                table.begin_row()
            if element.name in CELLS:
                table.begin_cell(attributes.get("style", ""))
            element.first_line = len(self.writer.lines)

    def _end(self, name: str) -> None:
        """Handle an end tag. Browsers treat ``</br>`` and an unmatched ``</p>`` as elements."""
        if name == "br" or (name == "p" and self._stack.index_of("p") < 0):
            self._start(name, {})
        index = self._stack.index_of(name)
        if index < 0:
            return
        if (inline := self._stack.close_early(index)) is None:
            self._close_to(index)
        elif inline.link is not None:
            self._finish_link(inline.link)
            inline.link = None

    def _close_paragraph(self, index: int) -> None:
        """Close a paragraph without an end tag. A link in it stays open."""
        still_open = []
        while len(self._stack) > index:
            element = self._stack.pop()
            if element.link is None:
                self._close(element)
            else:
                still_open.append(element)
        for element in reversed(still_open):
            self._stack.push(element)

    def _close_to(self, index: int) -> None:
        """Close all elements from the innermost to the one at ``index``."""
        while len(self._stack) > index:
            self._close(self._stack.pop())

    def _close(self, element: Element) -> None:
        name, writer = element.name, self.writer
        if name == "q" and element.context.visible:
            writer.add('"', preformatted=False)
        if element.link is not None:
            self._finish_link(element.link)
        if name == "button":
            self._add_soft_space(element.context)
        if not element.is_block:
            return
        writer.end_line(element.context.prefix, spacer=name in CELLS)
        table = self._stack.table
        if name == "li":
            writer.marker = None
        elif name in CELLS and table is not None and table.rows:
            table.end_cell(element.first_line, len(writer.lines), element.space_after)
        elif name == "tr" and table is not None:
            writer.blank = writer.blank or table.row_is_blank()
        elif element.table is not None:
            finish_table(element.table, writer)
        if element.space_after and name not in CELLS:
            writer.blank = True

    def _finish_link(self, link: OpenLink) -> None:
        """Write a link's URL after its text."""
        writer = self.writer
        start = link.first_piece if link.flushes == writer.flushes else 0
        raw = "".join(writer.pieces[start:])
        label = " ".join(collapse_spaces([raw.replace(LINE_BREAK, " ")]).split())
        line_count = len(writer.lines) - link.first_line
        url = links.shown_url(link.url)
        if VISIBLE.search(label):
            text = raw.rstrip(f" {LINE_BREAK}{SOFT_SPACE}")
            tail = raw[len(text) :] or SOFT_SPACE
            merged = links.merged_link_text(label, link.url) if not line_count else None
            before = " " if raw.startswith(" ") else SOFT_SPACE
            writer.pieces[start:] = [before, merged, tail] if merged else [text, f" ({url})", tail]
        elif line_count > 0:
            last = writer.lines[-1]
            merged = links.merged_link_text(last.text, link.url) if line_count == 1 else None
            last.text = merged or f"{last.text} ({url})"
        elif link.has_image:
            writer.pieces += (SOFT_SPACE, url, SOFT_SPACE)


def _longer(prefix: str, addition: str) -> str:
    """Return a longer prefix, unless it would exceed MAX_PREFIX_LENGTH."""
    return prefix + addition if len(prefix) + len(addition) <= MAX_PREFIX_LENGTH else prefix
