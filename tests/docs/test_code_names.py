"""The documents use the names of the schema and of the code."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCHEMA = (ROOT / "schema.graphql").read_text(encoding="utf-8")
DESCRIPTION = re.compile(r'"""(.*?)"""', re.DOTALL)
SCHEMA_NAMES = set(re.findall(r"\w+", DESCRIPTION.sub("", SCHEMA)))
DOCUMENTS = [
    ROOT / "README.md",
    *(file for file in sorted((ROOT / "docs").glob("*.md")) if not file.name.startswith("plugin")),
]
NAMES = [document.name for document in DOCUMENTS]
CODE = re.compile(r"`([^`\n]+)`")
CAMEL_CASE = re.compile(r"\b[a-z]+(?:[A-Z][a-z0-9]*)+\b")
OTHER_NAMES = {
    "asksToUnsubscribe": "data of an event",
    "refusedCopies": "data of an event",
    "withoutCopies": "data of an event",
    "chosenDate": "a value of an explanation",
    "chosenZone": "a value of an explanation",
    "earlierAt": "a value of a warning",
    "earlierDay": "a value of a warning",
    "earlierStep": "a value of a warning",
    "earlierTime": "a value of a warning",
    "taskStep": "a value of a warning",
    "dearestField": "an extension of an error",
    "retryAfter": "an extension of an error",
    "operationName": "a parameter of a request",
    "documentId": "a parameter of a request",
    "persistedQuery": "a parameter of a request",
    "persistedDocuments": "a setting of graphql-codegen",
    "persistConfig": "a setting of Relay",
    "strictScalars": "a setting of graphql-codegen",
    "fetchSubscriptions": "a setting of urql",
    "shouldImplementNode": "a setting of graphql-eslint",
    "listTypeCanWrapOnlyEdgeType": "a setting of graphql-eslint",
    "dT": "a part of a format of the command date",
}
"""Names in camel case that are not in the schema, with where they are from."""


def camel_case_names(text: str) -> set[str]:
    """Return the names in camel case in the code of a Markdown text."""
    return {name for code in CODE.findall(text) for name in CAMEL_CASE.findall(code)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_name_of_the_api_exists(document: Path) -> None:
    names = camel_case_names(document.read_text(encoding="utf-8"))
    assert {name for name in names if name not in SCHEMA_NAMES and name not in OTHER_NAMES} == set()


def test_every_name_in_a_description_exists() -> None:
    names = {name for text in DESCRIPTION.findall(SCHEMA) for name in camel_case_names(text)}
    assert len(names) > 100
    assert {name for name in names if name not in SCHEMA_NAMES} == set()


def test_no_other_name_is_superfluous() -> None:
    used = {name for document in DOCUMENTS for name in camel_case_names(document.read_text(encoding="utf-8"))}
    assert {name for name in OTHER_NAMES if name not in used or name in SCHEMA_NAMES} == set()


def test_every_constant_of_the_security_guide_exists() -> None:
    guide = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = [row.split(" | ") for row in guide.partition("\n## Limits\n")[2].partition("\n## ")[0].splitlines()]
    names = {name for row in rows if len(row) == 4 for name in re.findall(r"`([A-Z][A-Z_]+)`", row[2])}
    limits = {name for name in names if not name.startswith("TOUCHLINE_")}
    assert len(limits) > 20
    sources = [file.read_text(encoding="utf-8") for file in (ROOT / "api").rglob("*.py")]
    assert {
        name for name in limits if not any(re.search(rf"^{name}\b", text, re.MULTILINE) for text in sources)
    } == set()
