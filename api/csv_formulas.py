"""Cells of CSV files that a spreadsheet would take for formulas.

A formula can send the sheet's content away. So exports put an apostrophe before such a text, and imports remove it. A
text that begins with apostrophes before a formula gets another one, so that an import reads every text as it was.
"""

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""The first characters of formulas, also in the wide form that some spreadsheets read as the plain one."""
GUARD = "'"


def guarded(text: str) -> str:
    """Return the cell of a text, with an apostrophe before a formula."""
    return GUARD + text if text.lstrip(GUARD).startswith(FORMULA_SIGNS) else text


def unguarded(cell: str) -> str:
    """Return the text of a cell: without the apostrophe that an export put before it."""
    if cell.startswith(GUARD) and cell.lstrip(GUARD).startswith(FORMULA_SIGNS):
        return cell[len(GUARD) :]
    return cell
