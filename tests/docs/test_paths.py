"""The documents name files and folders that exist, and docs/architecture.md shows every room."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [str(document.relative_to(ROOT)) for document in DOCUMENTS]
PATH = re.compile(r"(?<![\w/.-])(?:\.ci|api|strategies|plugins|tests|benchmarks|docs)/[\w./-]*")
LINK = re.compile(r"\[[^\]]*\]\(([^)#]*)(?:#([^)]*))?\)")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_path_exists(document: Path) -> None:
    named = {path.rstrip(".") for path in PATH.findall(document.read_text(encoding="utf-8"))}
    assert {path for path in named if not (ROOT / path).exists()} == set()


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = [link for link in LINK.findall(document.read_text(encoding="utf-8")) if "://" not in link[0]]
    targets = [((document.parent / path) if path else document, anchor) for path, anchor in links]
    assert [target for target, _ in targets if not target.exists()] == []
    assert [(target, anchor) for target, anchor in targets if anchor and anchor not in anchors(target)] == []


def rooms_of_the_document() -> list[str]:
    """Return the folders of the tree in docs/architecture.md."""
    (tree,) = re.findall(r"```\n(strategies/.*?)```", ARCHITECTURE, re.DOTALL)
    parents: list[str] = []
    rooms = []
    for line in tree.splitlines():
        indent, name = re.match(r"( *)(\S+)/ +\S", line).groups()  # type: ignore[union-attr]
        parents[len(indent) // 2 :] = [name]
        rooms.append("/".join(parents))
    return rooms


def test_the_tree_shows_every_room() -> None:
    real = {
        str(path.parent.relative_to(ROOT))
        for top in ("strategies", "plugins", "api")
        for path in (ROOT / top).rglob("*.py")
    }
    rooms = rooms_of_the_document()
    assert set(rooms) == real
    assert len(rooms) == len(set(rooms))


def test_a_way_has_one_picture_and_ten_lines() -> None:
    ways = re.findall(r"^## (The way of .+?)\n(.*?)(?=^## )", ARCHITECTURE, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in ways] == ["The way of a launch", "The way of an email", "The way of an edit"]
    for _, text in ways:
        assert text.count("```mermaid") == 1
        assert len(re.findall(r"^\d+\. ", text, re.MULTILINE)) == 10
