"""Tables: those with data keep their rows, those that only lay out a page flow."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from api.mail.plain_text.styles import BLANK_LINE_PIXELS, declarations
from api.mail.plain_text.writer import Line, Writer

_DATA_ROLES = frozenset({"table", "grid", "treegrid"})
_LAYOUT_ROLES = frozenset({"presentation", "none"})
_BORDERS = ("border", "border-left", "border-style")
_LINES = frozenset({"solid", "dashed", "dotted", "double"})
_NO_WIDTH = frozenset({"0", "0px", "0pt"})


@dataclass(slots=True)
class Table:
    """An open table. ``rows`` has the cells of each row, as the numbers of their first line and the line after."""

    first_line: int
    data: bool
    layout: bool
    rows: list[list[tuple[int, int]]] = field(default_factory=list)
    innermost: bool = True
    """Whether no table stands in it."""
    padded: bool = False
    """Whether its cells have a gap above and below."""
    space_after_row: bool = False
    row_filled: bool = False
    """Whether a cell of the open row has text."""
    collapsed: bool = False
    """Whether its cells share their borders, as those of a grid do."""
    bordered: int = 0
    """How many of its cells have a border on each side."""

    def begin_cell(self, style: str) -> None:
        """Begin a cell: two that share their borders make a grid, as editors without ``border`` draw it."""
        if self.collapsed and _has_border(declarations(style)):
            self.bordered += 1
            self.data = self.data or self.bordered > 1

    def begin_row(self) -> None:
        """Begin a row."""
        self.rows.append([])
        self.space_after_row = self.row_filled = False

    def end_cell(self, first_line: int, end_line: int, space_after: bool) -> None:
        """End a cell with these lines."""
        self.rows[-1].append((first_line, end_line))
        self.row_filled = self.row_filled or first_line < end_line
        self.space_after_row = self.space_after_row or space_after

    def row_is_blank(self) -> bool:
        """Whether the row that ends leaves a blank line: by the padding of a cell, or because it is only a spacer."""
        return bool(self.rows and self.rows[-1]) and (self.space_after_row or not self.row_filled)


def table_of(attributes: Mapping[str, str], first_line: int) -> Table:
    """Return a table that begins."""
    role = attributes.get("role", "").strip().lower()
    border = attributes.get("border", "0").strip()
    padding = attributes.get("cellpadding", "").strip()
    return Table(
        first_line,
        data=role in _DATA_ROLES or "summary" in attributes or border not in {"", "0", "0px"},
        layout=role in _LAYOUT_ROLES,
        collapsed=declarations(attributes.get("style", "")).get("border-collapse") == "collapse",
        padded=len(padding) < 5 and padding.isascii() and padding.isdigit() and int(padding) >= BLANK_LINE_PIXELS,
    )


def _has_border(css: Mapping[str, str]) -> bool:
    said = [css.get(name, "").split() for name in _BORDERS]
    return any(not _LINES.isdisjoint(words) and _NO_WIDTH.isdisjoint(words) for words in said)


def finish_table(table: Table, writer: Writer) -> None:
    """Give the lines of a table that ends their form. Each line belongs to one innermost table: this is linear."""
    if not table.innermost or len(writer.lines) == table.first_line:
        return
    data = table.data and not table.layout
    old, at = writer.lines, table.first_line
    new: list[Line] = []
    labelled = False
    for row in filter(None, table.rows):
        new += old[at : row[0][0]]
        at = row[-1][1]
        cells = [old[start:end] for start, end in row]
        lines = _data_row(cells) if data else _flow(cells)
        if labelled and len(lines) == 1 < sum(map(len, cells)):
            lines[0].blank_before = False
        labelled = len(lines) == 1 < sum(map(len, cells))
        new += lines
    new += old[at:]
    if data and new:
        new[0].blank_before = table.first_line > 0
        writer.blank = True
    writer.lines[table.first_line :] = new


def _data_row(cells: list[list[Line]]) -> list[Line]:
    """Return a row as one line. A row with one filled cell stays as it is."""
    filled = [cell for cell in cells if cell]
    if not filled:
        return []
    first = filled[0][0]
    if len(filled) == 1:
        first.blank_before = False
        return filled[0]
    texts = [" ".join(line.text for line in cell) for cell in cells]
    return [Line(" | ".join(texts).strip(), first.prefix)]


def _flow(cells: list[list[Line]]) -> list[Line]:
    """Return the lines of a row one after the other; what follows a label such as ``Order:`` joins it."""
    lines: list[Line] = []
    label: Line | None = None
    for cell in cells:
        if not cell:
            continue
        if label is not None and len(cell) == 1:
            label.text = f"{label.text} {cell[0].text}"
            label = None
            continue
        lines += cell
        label = cell[0] if len(cell) == 1 and cell[0].text.endswith(":") else None
    return lines
