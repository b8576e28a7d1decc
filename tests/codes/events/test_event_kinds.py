"""The kinds of events: each is written somewhere, and no kind is written as bare text."""

import ast
import re
from pathlib import Path

from api.codes.documents import with_tables
from api.codes.events.event_kinds import EventKind
from tests.source_code import called, source

OTHER_FILES = {"event_kinds.py", "event_sentences.py", "event_actor.py", "enums.py"}
"""Files that name kinds, and write no events."""
ROOT = Path(__file__).parents[3]
BY_NAME = {EventKind.TASK_COMPLETED, EventKind.TASK_SKIPPED}
"""Written as the kind that is named like a task's status."""


def writes(folder: str, file: str) -> bool:
    """Say whether a file may write events."""
    return folder == "api" and file not in OTHER_FILES


def test_every_kind_is_written_somewhere() -> None:
    used = {name for folder, file, of, name in source().members if of == "EventKind" and writes(folder, file)}
    assert (used | BY_NAME) - {EventKind.OTHER} == set(EventKind) - {EventKind.OTHER}


def test_the_document_lists_the_kinds() -> None:
    document = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert document == with_tables(document), "run: python -m api.codes docs/errors.md"
    assert all(f"| `{kind}` |" in document for kind in EventKind)


def test_every_event_has_the_values_of_its_documentation() -> None:
    """Where the kind and the dictionary of its values stand in one call."""
    found = 0
    for folder, file, node in source().calls:
        if not (writes(folder, file) and called(node).endswith("_event")):
            continue
        kinds = [EventKind[each.attr] for each in node.args if isinstance(each, ast.Attribute) and is_kind(each)]
        data = [each.value for each in node.keywords if each.arg == "data" and isinstance(each.value, ast.Dict)]
        for kind, given in zip(kinds, data, strict=False):
            found += 1
            assert {ast.literal_eval(key) for key in given.keys if key} <= set(re.findall(r"`(\w+)`", kind.data)), kind
    assert found


def is_kind(node: ast.Attribute) -> bool:
    return ast.unparse(node.value) == "EventKind"
