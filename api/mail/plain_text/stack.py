"""The open elements, and what each does to the text inside it. Every step takes constant time on average."""

from collections import defaultdict
from dataclasses import dataclass

from api.mail.plain_text.elements import BLOCKS, CELLS, LISTS
from api.mail.plain_text.lists import Numbering
from api.mail.plain_text.tables import Table


@dataclass(frozen=True, slots=True)
class Context:
    """What holds for the text in an element."""

    prefix: str = ""
    removed: bool = False
    invisible: bool = False
    tiny: bool = False
    preformatted: bool = False

    @property
    def seen(self) -> bool:
        """Whether people see the text."""
        return not (self.removed or self.invisible or self.tiny)


@dataclass(slots=True)
class OpenLink:
    """A link that is open, and where its text begins."""

    address: str
    first_piece: int
    first_line: int
    flushes: int
    image: bool = False


@dataclass(slots=True)
class Element:
    """An open element."""

    name: str
    context: Context
    own_line: bool
    space_after: bool = False
    """Whether a blank line stands after it."""
    link: OpenLink | None = None
    numbering: Numbering | None = None
    table: Table | None = None
    line_at_start: int = 0
    blocks_around: int = 0
    """How many blocks were open when it began."""
    barrier: int = -1
    """The place of the innermost cell or table: end tags do not reach over it."""
    list_barrier: int = -1
    closed: bool = False
    """Whether its end tag came while a block inside it is still open."""


class Stack:
    """The open elements."""

    def __init__(self) -> None:
        self._elements: list[Element] = []
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        self._blocks = 0
        self._outermost = Context()

    def __len__(self) -> int:
        return len(self._elements)

    @property
    def context(self) -> Context:
        """What holds for text at this place."""
        return self._elements[-1].context if self._elements else self._outermost

    def between_cells(self) -> bool:
        """Say whether this is a place in a table but in none of its cells."""
        barrier = self._elements[-1].barrier if self._elements else -1
        return barrier >= 0 and self._elements[barrier].name == "table"

    @property
    def numbering(self) -> Numbering | None:
        """Return the list whose item may begin at this place."""
        barrier = self._elements[-1].list_barrier if self._elements else -1
        return self._elements[barrier].numbering if barrier >= 0 else None

    @property
    def table(self) -> Table | None:
        """Return the innermost open table."""
        places = self._places["table"]
        return self._elements[places[-1]].table if places else None

    @property
    def link(self) -> OpenLink | None:
        """Return the open link."""
        place = self.place("a")
        return self._elements[place].link if place >= 0 else None

    def push(self, element: Element) -> None:
        """Open an element."""
        place = len(self._elements)
        above = self._elements[-1] if self._elements else None
        is_barrier = element.name in CELLS or element.name in {"table", "caption"}
        element.barrier = place if is_barrier else above.barrier if above else -1
        element.list_barrier = place if element.name in LISTS or is_barrier else above.list_barrier if above else -1
        element.blocks_around = self._blocks
        self._blocks += element.own_line
        self._elements.append(element)
        self._places[element.name].append(place)

    def pop(self) -> Element:
        """Close the innermost element."""
        element = self._elements.pop()
        self._blocks -= element.own_line
        if not element.closed:
            self._places[element.name].pop()
        return element

    def place(self, name: str) -> int:
        """Return the place of the innermost open element of a name within reach; -1 where there is none."""
        if not self._elements or not self._places[name]:
            return -1
        place, top = self._places[name][-1], self._elements[-1]
        if name in {"table", "tbody", "thead", "tfoot", "tr"}:
            reach = self._places["table"][-1] if self._places["table"] else -1
        else:
            reach = top.list_barrier if name == "li" else top.barrier
        return place if place >= reach else -1

    def close_later(self, place: int) -> Element | None:
        """Mark an inline element as closed while blocks inside it stay open; None where there are no such blocks."""
        element = self._elements[place]
        if element.own_line or element.name in BLOCKS or element.blocks_around == self._blocks:
            return None
        element.closed = True
        self._places[element.name].pop()
        return element
