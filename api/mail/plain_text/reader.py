"""Turns the tags and texts of HTML into the lines of a text, in one pass."""

from collections.abc import Mapping
from dataclasses import replace

from api.mail.plain_text import links
from api.mail.plain_text.elements import (
    BLOCKS,
    CELLS,
    ENDS_BY_ITSELF,
    LISTS,
    NEVER_SHOWN,
    PARAGRAPHS,
    PREFORMATTED,
    VOID,
)
from api.mail.plain_text.lists import numbering_of
from api.mail.plain_text.sheets import Sheets
from api.mail.plain_text.stack import Context, Element, OpenLink, Stack
from api.mail.plain_text.styles import Style, style_of
from api.mail.plain_text.tables import finish_table, table_of
from api.mail.plain_text.tokens import End, Start, tokens
from api.mail.plain_text.writer import BREAK, MAX_PREFIX_LENGTH, SOFT, VISIBLE, Writer, joined

_PIXEL = frozenset({"0", "1", "0px", "1px"})


class Reader:
    """Reads one document or fragment. ``writer`` has the lines in the end.

    An email of images that say nothing, neither by a text nor by a link, becomes the addresses of its images.
    """

    def __init__(self, html: str) -> None:
        self.writer = Writer()
        self._stack = Stack()
        self._sheets = Sheets()
        self._images: dict[str, None] = {}
        self._styles: dict[tuple[str, bool], Style] = {}
        for token in tokens(html):
            if isinstance(token, str):
                context = self._stack.context
                if context.seen:
                    self.writer.add(token, context.preformatted)
            elif isinstance(token, Start):
                self._start(token.name, token.attributes)
            elif isinstance(token, End):
                self._end(token.name)
            else:
                self._sheets.read(token.css)
        self._close_to(0)
        self.writer.end_line("")
        if not self.writer.lines:
            for address in self._images:
                self.writer.write(address, "")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._end_what_ends_by_itself(name)
        style = self._style(self._sheets.style_of(attributes), hidden="hidden" in attributes)
        outer = self._stack.context
        context = self._context(name, style, attributes, outer)
        if name in VOID:
            if not (context.removed or context.invisible):
                self._void(name, attributes, context)
            return
        own_line = (name in BLOCKS or style.own_line) and not context.removed
        element = Element(name, context, own_line)
        if own_line:
            before, element.space_after = self._spaces(name, style)
            self._begin_line(outer, before)
        if name == "button":
            self._soft_space(context)
        if name == "a" and not context.removed and (address := links.readable_address(attributes.get("href", ""))):
            element.link = OpenLink(address, len(self.writer.pieces), len(self.writer.lines), self.writer.flushes)
        elif name in LISTS:
            element.numbering = numbering_of(name, attributes)
        elif name == "li" and own_line:
            element.context = self._item(attributes, context, outer)
        elif name in {"blockquote", "dd"}:
            element.context = replace(context, prefix=_longer(outer.prefix, "> " if name == "blockquote" else "  "))
        self._table_part(element, attributes)
        self._stack.push(element)
        if name == "q" and context.seen:
            self.writer.add('"', preformatted=False)

    def _style(self, said: str, *, hidden: bool) -> Style:
        """Return what CSS says; what many elements say is read once."""
        if not said:
            return style_of(said, hidden)
        known = self._styles.get((said, hidden))
        if known is None:
            known = self._styles[said, hidden] = style_of(said, hidden)
        return known

    def _end_what_ends_by_itself(self, name: str) -> None:
        if name == "table" and self._stack.between_cells():
            self._close_to(self._stack.place("table"))
        places = [place for other in ENDS_BY_ITSELF.get(name, ()) if (place := self._stack.place(other)) >= 0]
        if places:
            self._close_to(min(places))
        if name in BLOCKS and name != "table" and (place := self._stack.place("p")) >= 0:
            self._close_paragraph(place)
        if name == "a":
            self._end("a")

    def _context(self, name: str, style: Style, attributes: Mapping[str, str], outer: Context) -> Context:
        preview = style.outlook_only_hidden and name != "a" and not self.writer.has_text
        removed = style.removed or preview or name in NEVER_SHOWN or (name == "dialog" and "open" not in attributes)
        preformatted = name in PREFORMATTED if style.preformatted is None else style.preformatted
        return Context(
            outer.prefix,
            removed=outer.removed or removed,
            invisible=outer.invisible if style.invisible is None else style.invisible,
            tiny=outer.tiny if style.tiny is None else style.tiny,
            preformatted=preformatted or (outer.preformatted and style.preformatted is None),
        )

    def _void(self, name: str, attributes: Mapping[str, str], context: Context) -> None:
        add = self.writer.pieces.append
        if name == "br":
            add(BREAK)
        elif name == "hr":
            self._begin_line(context, space=True)
            self.writer.write("---", context.prefix)
            self.writer.blank = True
        elif name == "img":
            self._image(attributes, attributes.get("alt") or attributes.get("title", ""))
        elif name == "area" and (address := links.readable_address(attributes.get("href", ""))):
            self._begin_line(context, space=False)
            link = OpenLink(address, 0, len(self.writer.lines), self.writer.flushes, image=True)
            self.writer.add(attributes.get("alt", ""), preformatted=False)
            self._finish_link(link)
            self.writer.end_line(context.prefix)
        elif name == "input" and attributes.get("type", "").lower() in {"submit", "button", "reset"}:
            self._image(attributes, attributes.get("value", ""))

    def _image(self, attributes: Mapping[str, str], text: str) -> None:
        if attributes.get("width") in _PIXEL or attributes.get("height") in _PIXEL:
            return
        if link := self._stack.link:
            link.image = True
        address = links.readable_address(attributes.get("src", ""))
        if address.lower().startswith(("http://", "https://")):
            self._images[address] = None
        self.writer.pieces.append(SOFT)
        self.writer.add(text, preformatted=False)
        self.writer.pieces.append(SOFT)

    def _soft_space(self, context: Context) -> None:
        if context.seen:
            self.writer.pieces.append(SOFT)

    def _begin_line(self, outer: Context, space: bool) -> None:
        self.writer.end_line(outer.prefix)
        if space and self.writer.marker is None:
            self.writer.blank = True

    def _spaces(self, name: str, style: Style) -> tuple[bool, bool]:
        """Return whether blank lines stand before and after an element."""
        if name in LISTS and self._stack.place("li") >= 0:
            return False, False
        if name in CELLS:
            table = self._stack.table
            padded = table is not None and table.padded
            first = table is None or not table.row_filled
            return first and (padded or bool(style.space_before)), padded or bool(style.space_after)
        if name == "p":
            return style.space_before is not False, style.space_after is not False
        if name in PARAGRAPHS:
            return True, True
        may = name in BLOCKS and name not in {"li", "tr"}
        return may and bool(style.space_before), may and bool(style.space_after)

    def _item(self, attributes: Mapping[str, str], context: Context, outer: Context) -> Context:
        numbering = self._stack.numbering
        marker = numbering.marker(attributes.get("value")) if numbering else "- "
        if numbering and numbering.items > 1:
            self.writer.blank = False
        prefix = _longer(outer.prefix, " " * len(marker))
        self.writer.marker = (outer.prefix + marker, len(prefix))
        return replace(context, prefix=prefix)

    def _table_part(self, element: Element, attributes: Mapping[str, str]) -> None:
        table = self._stack.table
        if element.name == "table":
            if table is not None:
                table.innermost = False
            element.table = table_of(attributes, len(self.writer.lines))
        elif table is not None and element.name in {"tr", "td", "th", "thead", "caption"}:
            table.data = table.data or element.name in {"th", "thead", "caption"}
            if element.name == "tr" or (element.name in CELLS and not table.rows):
                table.begin_row()
            if element.name in CELLS:
                table.begin_cell(attributes.get("style", ""))
            element.line_at_start = len(self.writer.lines)

    def _end(self, name: str) -> None:
        if name == "br" or (name == "p" and self._stack.place("p") < 0):
            self._start(name, {})
        place = self._stack.place(name)
        if place < 0:
            return
        if (inline := self._stack.close_later(place)) is None:
            self._close_to(place)
        elif inline.link is not None:
            self._finish_link(inline.link)
            inline.link = None

    def _close_paragraph(self, place: int) -> None:
        """Close a paragraph without end tag; a link in it goes on."""
        going_on = []
        while len(self._stack) > place:
            element = self._stack.pop()
            if element.link is None:
                self._close(element)
            else:
                going_on.append(element)
        for element in reversed(going_on):
            self._stack.push(element)

    def _close_to(self, place: int) -> None:
        while len(self._stack) > place:
            self._close(self._stack.pop())

    def _close(self, element: Element) -> None:
        name, writer = element.name, self.writer
        if name == "q" and element.context.seen:
            writer.add('"', preformatted=False)
        if element.link is not None:
            self._finish_link(element.link)
        if name == "button":
            self._soft_space(element.context)
        if not element.own_line:
            return
        writer.end_line(element.context.prefix, spacer=name in CELLS)
        table = self._stack.table
        if name == "li":
            writer.marker = None
        elif name in CELLS and table is not None and table.rows:
            table.end_cell(element.line_at_start, len(writer.lines), element.space_after)
        elif name == "tr" and table is not None:
            writer.blank = writer.blank or table.row_is_blank()
        elif element.table is not None:
            finish_table(element.table, writer)
        if element.space_after and name not in CELLS:
            writer.blank = True

    def _finish_link(self, link: OpenLink) -> None:
        """Write a link's address after its text."""
        writer = self.writer
        start = link.first_piece if link.flushes == writer.flushes else 0
        raw = "".join(writer.pieces[start:])
        label = " ".join(joined([raw.replace(BREAK, " ")]).split())
        written = len(writer.lines) - link.first_line
        address = links.link_text(link.address)
        if VISIBLE.search(label):
            text = raw.rstrip(f" {BREAK}{SOFT}")
            tail = raw[len(text) :]
            once = links.collapsed_link(label, link.address) if not written else None
            before = " " if raw.startswith(" ") else SOFT
            writer.pieces[start:] = [before, once, tail or SOFT] if once else [text, f" ({address})", tail or SOFT]
        elif written > 0:
            last = writer.lines[-1]
            once = links.collapsed_link(last.text, link.address) if written == 1 else None
            last.text = once or f"{last.text} ({address})"
        elif link.image:
            writer.pieces += (SOFT, address, SOFT)


def _longer(prefix: str, more: str) -> str:
    """Return a longer prefix, up to the most that a line may have."""
    return prefix + more if len(prefix) + len(more) <= MAX_PREFIX_LENGTH else prefix
