"""The tables of docs/errors.md, made from the codes."""

import re
from collections.abc import Callable, Iterable

from api.codes.event_kinds import EventKind

MARKED = re.compile(r"(<!-- table: ([a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def with_tables(document: str) -> str:
    """Return a document with its tables made again: each between `<!-- table: NAME -->` and `<!-- end -->`."""
    return MARKED.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n\n{found[3]}", document)


def _event_kinds() -> str:
    rows = ((f"`{kind}`", kind.description, kind.data) for kind in EventKind)
    return _table(("kind", "what happened", "`data`"), rows)


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heading, tuple("---" for _ in heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


TABLES: dict[str, Callable[[], str]] = {"event kinds": _event_kinds}
