"""docs/glossary.md explains every type of schema.graphql in one sentence."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (`?)([^|`]+)\1 \| ([^|]+) \|$", re.MULTILINE)
ENTRIES = [(bool(code), term, meaning) for code, term, meaning in ROW.findall(GLOSSARY) if term not in {"term", "---"}]
TYPES = set(
    re.findall(
        r"^(?:type|input|enum|scalar|interface|union) (\w+)",
        (ROOT / "schema.graphql").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
)


def test_every_type_of_the_schema_is_explained() -> None:
    names = {term for code, term, _ in ENTRIES if code}
    endings = tuple(name.removeprefix("…") for name in names if name.startswith("…"))
    assert {name for name in TYPES if name not in names and not name.endswith(endings)} == set()


def test_every_type_of_the_glossary_is_in_the_schema() -> None:
    names = {term for code, term, _ in ENTRIES if code}
    assert {name for name in names if not name.startswith("…") and name not in TYPES} == set()
    endings = {name.removeprefix("…") for name in names if name.startswith("…")}
    assert {ending for ending in endings if not any(name.endswith(ending) for name in TYPES)} == set()


def test_a_term_is_explained_once_in_one_sentence() -> None:
    terms = [term.lower() if not code else term for code, term, _ in ENTRIES]
    assert len(terms) == len(set(terms)) > 100
    assert [term for _, term, meaning in ENTRIES if not meaning.endswith(".") or ". " in meaning] == []
