"""Tables. A row of a data table becomes one line; the cells of a layout table become paragraphs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from api.mail.plain_text.line_writer import Line, LineWriter
from api.mail.plain_text.styles import BLANK_LINE_PIXELS, declarations

_DATA_ROLES = frozenset({"table", "grid", "treegrid"})
_LAYOUT_ROLES = frozenset({"presentation", "none"})
_BORDER_PROPERTIES = ("border", "border-left", "border-style")
_LINE_STYLES = frozenset({"solid", "dashed", "dotted", "double"})
_ZERO_WIDTHS = frozenset({"0", "0px", "0pt"})


@dataclass(slots=True)
class Table:
    """A table whose end tag has not been read."""

    first_line: int
    """Index of its first line in ``LineWriter.lines``."""
    is_data: bool
    is_layout: bool
    rows: list[list[tuple[int, int]]] = field(default_factory=list)
    """The cells of each row: the index of a cell's first line, and of the line after its last."""
    innermost: bool = True
    """Whether it contains no other table."""
    padded: bool = False
    """Whether its cells have a gap above and below."""
    space_after_row: bool = False
    row_has_text: bool = False
    """Whether a cell of the open row has text."""
    borders_collapse: bool = False
    """Whether CSS sets ``border-collapse: collapse``."""
    bordered_cells: int = 0
    """How many of its cells have a border."""

    def begin_cell(self, style: str) -> None:
        """Start a cell. Two bordered cells with collapsed borders make a data table, as some editors draw grids."""
        if self.borders_collapse and _has_border(declarations(style)):
            self.bordered_cells += 1
            self.is_data = self.is_data or self.bordered_cells > 1

    def begin_row(self) -> None:
        """Start a row."""
        self.rows.append([])
        self.space_after_row = self.row_has_text = False

    def end_cell(self, first_line: int, end_line: int, space_after: bool) -> None:
        """End a cell whose lines are ``first_line`` to the one before ``end_line``."""
        self.rows[-1].append((first_line, end_line))
        self.row_has_text = self.row_has_text or first_line < end_line
        self.space_after_row = self.space_after_row or space_after

    def row_is_blank(self) -> bool:
        """Say whether a blank line follows the row that ends: a cell has padding, or the row is only a spacer."""
        return bool(self.rows and self.rows[-1]) and (self.space_after_row or not self.row_has_text)


def start_table(attributes: Mapping[str, str], first_line: int) -> Table:
    """Return the table of a start tag."""
    role = attributes.get("role", "").strip().lower()
    border = attributes.get("border", "0").strip()
    padding = attributes.get("cellpadding", "").strip()
    return Table(
        first_line,
        is_data=role in _DATA_ROLES or "summary" in attributes or border not in {"", "0", "0px"},
        is_layout=role in _LAYOUT_ROLES,
        borders_collapse=declarations(attributes.get("style", "")).get("border-collapse") == "collapse",
        padded=len(padding) < 5 and padding.isascii() and padding.isdigit() and int(padding) >= BLANK_LINE_PIXELS,
    )


def _has_border(css: Mapping[str, str]) -> bool:
    values = [css.get(name, "").split() for name in _BORDER_PROPERTIES]
    return any(not _LINE_STYLES.isdisjoint(words) and _ZERO_WIDTHS.isdisjoint(words) for words in values)


def finish_table(table: Table, writer: LineWriter) -> None:
    """Format the lines of a table that ends. Linear in total, because each line belongs to one innermost table."""
    if not table.innermost or len(writer.lines) == table.first_line:
        return
    is_data = table.is_data and not table.is_layout
    old, next_line = writer.lines, table.first_line
    new: list[Line] = []
    labelled = False
    for row in filter(None, table.rows):
        new += old[next_line : row[0][0]]
        next_line = row[-1][1]
        cells = [old[start:end] for start, end in row]
        lines = _data_row(cells) if is_data else _layout_row(cells)
        if labelled and len(lines) == 1 < sum(map(len, cells)):
            lines[0].blank_before = False
        labelled = len(lines) == 1 < sum(map(len, cells))
        new += lines
    new += old[next_line:]
    if is_data and new:
        new[0].blank_before = table.first_line > 0
        writer.blank = True
    writer.lines[table.first_line :] = new


def _data_row(cells: list[list[Line]]) -> list[Line]:
    """Return a row as one line, its cells separated by ``|``. The lines of a single filled cell stay unchanged."""
    filled = [cell for cell in cells if cell]
    if not filled:
        return []
    first = filled[0][0]
    if len(filled) == 1:
        first.blank_before = False
        return filled[0]
    texts = [" ".join(line.text for line in cell) for cell in cells]
    return [Line(" | ".join(texts).strip(), first.prefix)]


def _layout_row(cells: list[list[Line]]) -> list[Line]:
    """Return the lines of a row's cells in order. A label such as ``Order:`` is joined with the next cell."""
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
