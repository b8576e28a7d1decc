"""The source, for tests that look through it."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


def source(*folders: str) -> Iterator[tuple[str, ast.AST]]:
    """Every node of the source, with the folder that it is in."""
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            yield from ((folder, node) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def called(node: ast.Call) -> str:
    return str(getattr(node.func, "id", getattr(node.func, "attr", "")))
