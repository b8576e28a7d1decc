"""What tests look for in the source: texts, members of classes, and calls. Each process parses the source once."""

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FOLDERS = ("api", "strategies", "plugins")
CALLED = {"Note", "message", "note", "of", "_close_with_error", "_send_error"}
"""The names of calls that tests look at, besides ``..._event``. All nodes would take 200 MB."""


class Member(NamedTuple):
    """A member of a class that the source names, such as ``EventKind.EMAIL_SENT``."""

    folder: str
    file: str
    of: str
    name: str


class Written(NamedTuple):
    """A call in the source."""

    folder: str
    file: str
    node: ast.Call


class Source(NamedTuple):
    """What the source has."""

    texts: frozenset[str]
    members: frozenset[Member]
    calls: tuple[Written, ...]


@cache
def source() -> Source:
    """Parse all files."""
    texts: set[str] = set()
    members: set[Member] = set()
    calls: list[Written] = []
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant):
                    if isinstance(node.value, str):
                        texts.add(node.value)
                elif isinstance(node, ast.Attribute):
                    if isinstance(node.value, ast.Name) and node.attr.isupper():
                        members.add(Member(folder, path.name, node.value.id, node.attr))
                elif isinstance(node, ast.Call) and _is_looked_at(node):
                    calls.append(Written(folder, path.name, node))
    return Source(frozenset(texts), frozenset(members), tuple(calls))


def _is_looked_at(node: ast.Call) -> bool:
    name = called(node)
    return name in CALLED or name.endswith("_event")


def called(node: ast.Call) -> str:
    """Return the last part of the name that is called."""
    return str(getattr(node.func, "id", getattr(node.func, "attr", "")))
