"""The stack of open elements and how each affects the text inside it. Every step takes constant time on average."""

from collections import defaultdict
from dataclasses import dataclass

from api.mail.plain_text.elements import BLOCKS, CELLS, LISTS
from api.mail.plain_text.lists import OpenList
from api.mail.plain_text.tables import Table


@dataclass(frozen=True, slots=True)
class Context:
    """How the text in an element is shown. Elements inside it inherit this."""

    prefix: str = ""
    """Characters before each line: quote signs and indentation."""
    removed: bool = False
    invisible: bool = False
    unreadable: bool = False
    """Whether the font is too small to read."""
    preformatted: bool = False

    @property
    def visible(self) -> bool:
        """Whether people can read the text."""
        return not (self.removed or self.invisible or self.unreadable)


@dataclass(slots=True)
class OpenLink:
    """A link whose end tag has not been read, and the place where its text begins."""

    url: str
    first_piece: int
    """Index in ``LineWriter.pieces``, valid while ``LineWriter.flushes`` is still ``flushes``."""
    first_line: int
    flushes: int
    has_image: bool = False


@dataclass(slots=True)
class Element:
    """An open element."""

    name: str
    context: Context
    is_block: bool
    """Whether it starts on a new line."""
    space_after: bool = False
    """Whether a blank line follows it."""
    link: OpenLink | None = None
    open_list: OpenList | None = None
    table: Table | None = None
    first_line: int = 0
    """Index of its first line in ``LineWriter.lines``."""
    blocks_around: int = 0
    """How many blocks were open at its start tag."""
    scope: int = -1
    """Stack index of the innermost cell or table. End tags close nothing below it."""
    list_scope: int = -1
    """Like ``scope``, but lists count as well: the limit for ``</li>``."""
    closed: bool = False
    """Whether its end tag was read while a block inside it is still open."""


class Stack:
    """The open elements, outermost first."""

    def __init__(self) -> None:
        self._elements: list[Element] = []
        self._indexes: defaultdict[str, list[int]] = defaultdict(list)
        """Stack indexes by element name."""
        self._blocks = 0
        self._outermost = Context()

    def __len__(self) -> int:
        return len(self._elements)

    @property
    def context(self) -> Context:
        """The context of text that follows now."""
        return self._elements[-1].context if self._elements else self._outermost

    def between_cells(self) -> bool:
        """Say whether the next token is in a table but in none of its cells."""
        scope = self._elements[-1].scope if self._elements else -1
        return scope >= 0 and self._elements[scope].name == "table"

    @property
    def open_list(self) -> OpenList | None:
        """The list to which an ``<li>`` would belong now."""
        scope = self._elements[-1].list_scope if self._elements else -1
        return self._elements[scope].open_list if scope >= 0 else None

    @property
    def table(self) -> Table | None:
        """The innermost open table."""
        indexes = self._indexes["table"]
        return self._elements[indexes[-1]].table if indexes else None

    @property
    def link(self) -> OpenLink | None:
        """The open link."""
        index = self.index_of("a")
        return self._elements[index].link if index >= 0 else None

    def push(self, element: Element) -> None:
        """Open an element."""
        index = len(self._elements)
        parent = self._elements[-1] if self._elements else None
        is_scope = element.name in CELLS or element.name in {"table", "caption"}
        element.scope = index if is_scope else parent.scope if parent else -1
        element.list_scope = index if element.name in LISTS or is_scope else parent.list_scope if parent else -1
        element.blocks_around = self._blocks
        self._blocks += element.is_block
        self._elements.append(element)
        self._indexes[element.name].append(index)

    def pop(self) -> Element:
        """Close the innermost element."""
        element = self._elements.pop()
        self._blocks -= element.is_block
        if not element.closed:
            self._indexes[element.name].pop()
        return element

    def index_of(self, name: str) -> int:
        """Return the index of the innermost open element with this name in scope; -1 if there is none."""
        if not self._elements or not self._indexes[name]:
            return -1
        index, top = self._indexes[name][-1], self._elements[-1]
        if name in {"table", "tbody", "thead", "tfoot", "tr"}:
            scope = self._indexes["table"][-1] if self._indexes["table"] else -1
        else:
            scope = top.list_scope if name == "li" else top.scope
        return index if index >= scope else -1

    def close_early(self, index: int) -> Element | None:
        """Mark an inline element as closed while blocks inside it stay open. Returns None if no such block is open."""
        element = self._elements[index]
        if element.is_block or element.name in BLOCKS or element.blocks_around == self._blocks:
            return None
        element.closed = True
        self._indexes[element.name].pop()
        return element
