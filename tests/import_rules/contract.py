"""The contract that ``lint-imports`` keeps: every package imports just what its docstring says.

A package's docstring ends with two lines:

    Imports: models, services.common, store.
    Imported by: cli, graphql.

A name stands for the package and the packages in it; those of ``api`` are written without ``api.``. ``nothing`` and
``nobody`` are empty lists, ``everybody`` allows all. A package may always import its own packages, the package that it
is in, and the small files directly under ``api`` that have no package. A permission that is not used is refused too.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, output

ROOT = Path(__file__).parents[2]
PROJECT = ("api", "plugins", "strategies")
FREE = ("api.migrations",)
"""Packages that need no lines: nobody imports the steps of migrations."""
NONE = {"nothing", "nobody"}
ALL = "everybody"


@dataclass(frozen=True, slots=True)
class Room:
    """A package, what it says that it imports, and who it says may import it."""

    name: str
    imports: tuple[str, ...]
    imported_by: tuple[str, ...]


class RoomsContract(Contract):  # type: ignore[misc]
    """Compares the docstrings of all packages with the real imports, in both directions."""

    type_name = "rooms"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Return what the docstrings do not allow, and what they allow in vain."""
        problems = sorted(problems_of(graph, rooms()))
        return ContractCheck(kept=not problems, metadata={"problems": problems})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line for each problem."""
        for problem in check.metadata["problems"]:
            output.print_error(problem, bold=False)


def rooms() -> dict[str, Room]:
    """Return all packages of the project by their dotted name."""
    found = {}
    for top in PROJECT:
        for file in (ROOT / top).rglob("__init__.py"):
            name = ".".join(file.parent.relative_to(ROOT).parts)
            if not name.startswith(FREE) and "node_modules" not in name:
                text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
                found[name] = Room(name, _names(text, "Imports:"), _names(text, "Imported by:"))
    return found


def edges(graph: ImportGraph, known: dict[str, Room]) -> Iterator[tuple[str, str, str]]:
    """Yield each import between two packages that needs a permission: importer, imported, and the module."""
    for module in graph.modules:
        here = room_of(module, known)
        for other in graph.find_modules_directly_imported_by(module):
            there = room_of(other, known)
            if here and there and not _related(here, there):
                yield here, there, module


def room_of(module: str, known: dict[str, Room]) -> str:
    """Return the package that a module is in; empty for a file directly under ``api``, and for other projects."""
    while module and module not in known:
        module = module.rpartition(".")[0]
    return "" if module == "api" else module


def problems_of(graph: ImportGraph, known: dict[str, Room]) -> set[str]:
    """Return a line for each import that a docstring does not allow, and each permission that is not used."""
    found, used = set(), set()
    for here, there, module in edges(graph, known):
        gives = _permission(known[here].imports, there)
        takes = _permission(known[there].imported_by, here)
        if gives is None:
            found.add(f"{here}: {module} imports {short(there)}, which its docstring does not name under 'Imports:'")
        if takes is None:
            found.add(f"{there}: {module} imports it, and 'Imported by:' does not name {short(here)}")
        used |= {(here, "Imports:", gives), (there, "Imported by:", takes)}
    for room in known.values():
        if room.name == "api":
            continue
        for line, names in (("Imports:", room.imports), ("Imported by:", room.imported_by)):
            if not names:
                found.add(f"{room.name}: its docstring has no line '{line}'")
            for name in set(names) - NONE - {ALL}:
                if (room.name, line, name) not in used:
                    found.add(f"{room.name}: '{line}' names {name}, which it does not need")
    return found


def short(name: str) -> str:
    """Return a package's name as docstrings write it."""
    return name.removeprefix("api.")


def _permission(names: tuple[str, ...], room: str) -> str | None:
    covering = (name for name in names if name == ALL or f"{short(room)}.".startswith(f"{name}."))
    return max(covering, key=len, default=None)


def _related(one: str, other: str) -> bool:
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _names(text: str, line: str) -> tuple[str, ...]:
    lines: list[Any] = text.splitlines()
    start = next((number for number, each in enumerate(lines) if each.startswith(line)), None)
    if start is None:
        return ()
    words = lines[start].removeprefix(line)
    for more in lines[start + 1 :]:
        if not more.startswith(" "):
            break
        words += more
    return tuple(name.strip() for name in words.strip().rstrip(".").split(","))
