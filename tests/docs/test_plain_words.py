"""The documents use plain words and short sentences."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [str(document.relative_to(ROOT)) for document in DOCUMENTS]
RIDDLES = re.compile(
    r"\b(whoever|anew|is told|are told|is mended|comes? about|holds? up|hangs on|goes? on|in hand|"
    r"has left|have left|begins? to leave|what is due|stands? in|(?:is|are) no (?:CSV|domain|zone|place|address))\b",
    re.IGNORECASE,
)
LONGEST_SENTENCE = 45
"""Words."""


def prose(document: Path) -> str:
    """Return a document with an x for each piece or list of code."""
    text = re.sub(r"^ *```.*?^ *```", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`]*`(\s`[^`]*`)*", "x", text)


def sentences(document: Path) -> list[str]:
    """Return the sentences of a document's paragraphs and list items. Cells of tables are not among them."""
    lines = [line for line in prose(document).split("\n") if not line.startswith(("|", "#"))]
    items = re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )", "\n".join(lines))
    return [sentence for item in items for sentence in re.split(r"(?<=[.?!:;])\s+", " ".join(item.split()))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_a_document_has_no_riddles(document: Path) -> None:
    text = " ".join(prose(document).split())
    assert [text[max(0, found.start() - 60) : found.end() + 20] for found in RIDDLES.finditer(text)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_a_sentence_is_short(document: Path) -> None:
    assert [sentence for sentence in sentences(document) if len(sentence.split()) > LONGEST_SENTENCE] == []
