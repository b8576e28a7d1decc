"""The kinds of events: each is written somewhere, and no kind is written as bare text."""

import ast
import re
from pathlib import Path

from api.codes.documents import with_tables
from api.codes.event_kinds import EventKind

ROOT = Path(__file__).parents[2]
BY_NAME = {EventKind.TASK_COMPLETED, EventKind.TASK_SKIPPED}
"""Written as the kind that is named like a task's status."""


def nodes() -> list[ast.AST]:
    files = [path for path in (ROOT / "api").rglob("*.py") if path.name not in {"event_kinds.py", "enums.py"}]
    return [node for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]


def test_every_kind_is_written_somewhere() -> None:
    used = {
        node.attr
        for node in nodes()
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "EventKind" and node.attr.isupper()
    }
    assert used | BY_NAME == set(EventKind) - {EventKind.OTHER}


def test_the_document_lists_the_kinds() -> None:
    document = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert document == with_tables(document), "run: python -m api.codes docs/errors.md"
    assert all(f"| `{kind}` |" in document for kind in EventKind)


def test_every_event_has_the_values_of_its_documentation() -> None:
    """Where the kind and the dictionary of its values stand in one call."""
    found = 0
    for node in nodes():
        if not (isinstance(node, ast.Call) and ast.unparse(node.func).endswith("_event")):
            continue
        kinds = [EventKind[each.attr] for each in node.args if isinstance(each, ast.Attribute) and is_kind(each)]
        data = [each.value for each in node.keywords if each.arg == "data" and isinstance(each.value, ast.Dict)]
        for kind, given in zip(kinds, data, strict=False):
            found += 1
            assert {ast.literal_eval(key) for key in given.keys if key} <= set(re.findall(r"`(\w+)`", kind.data)), kind
    assert found


def is_kind(node: ast.Attribute) -> bool:
    return ast.unparse(node.value) == "EventKind"
