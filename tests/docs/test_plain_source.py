"""Docstrings, comments, log lines and other sentences of the source use plain words.

A room joins CLEAN_ROOMS when its names have been read once from top to bottom.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLEAN_ROOMS = (
    "api/mail",
    "api/app.py",
    "api/channel_processes",
    "api/cli",
    "api/codes",
    "api/csv_reading",
    "api/deliverability",
    "api/http",
    "api/models",
    "api/make_runtime.py",
    "api/server",
    "api/services/bulk",
    "api/services/campaigns",
    "api/services/common",
    "api/services/compose",
    "api/services/dispatch",
    "api/services/emails",
    "api/services/enrollments",
    "api/services/following",
    "api/services/jobs",
    "api/services/launches",
    "api/services/mailboxes",
    "api/services/one_off_emails",
    "api/services/people",
    "api/services/plugin_health",
    "api/services/replies",
    "api/services/reports",
    "api/services/saved_filters",
    "api/services/simulations",
    "api/services/tasks",
    "api/services/templates",
    "api/services/test_email_sends",
    "api/services/tracking",
    "api/services/workspaces",
    "api/states.py",
    "api/store",
    "api/settings.py",
    "api/worker_processes",
    "plugins/crms",
)
"""Folders, files and patterns whose names are plain, relative to the repository."""
ALL_ROOMS = ("api", "plugins", "strategies")
NOT_READ = ("api/migrations",)
"""Migrations stay as they were released."""
MAX_LINES = 300
"""Lines of a Python file."""
RIDDLES = re.compile(
    r"\b("
    r"whoever|whomever|anew|afresh|by and by|all the same|in its stead|sooner or later|no longer ours"
    r"|inside of each other"
    r"|(?:is|are|was|were|be|been) told|told of|tells? (?:of|nobody|nothing)"
    r"|mend(?:s|ed|ing)?|heed(?:s|ed)?|comes? about|comes? true|holds? up|hangs on|goes on|in hand|gives? way"
    r"|leaves(?![\w ]* out\b)|(?:has|have|had) left|(?:never|really|not) left|begins? to leave"
    r"|what (?:is (?:due|written|said|given|known|asked)|was (?:given|said))"
    r"|what (?:stands|leaves|comes|goes|holds|follows)"
    r"|stands? (?:in|for|at|there|above|below|beside|before|behind|where|alone)|stood"
    r"|behind (?!an? |the |trusted |prox)"
    r"|(?<!there )(?<!has )(?:is|are) (?:no(?! longer| such| value| room) [a-z]+|(?-i:none)\b)"
    r"|(?:None|none|nothing) where"
    r"|(?:says?|asks?) (?:nothing|nobody|no) "
    r")",
    re.IGNORECASE,
)
OBSCURE_NAMES = frozenset(
    {
        "told",
        "said",
        "asked",
        "spoken",
        "known",
        "given",
        "made",
        "wanted",
        "checked",
        "stored",
        "resolved",
        "theirs",
        "which",
        "among",
    }
)
"""Names of functions, arguments and variables that do not say what they are."""
WORDS = re.compile(r"[A-Za-z]+(?: [A-Za-z]+){2}")


def source_files(rooms: tuple[str, ...]) -> list[Path]:
    """Return the Python files of rooms."""
    paths = [path for room in rooms for path in sorted(ROOT.glob(room))]
    files = [file for path in paths for file in ([path] if path.suffix == ".py" else sorted(path.rglob("*.py")))]
    return [file for file in files if not str(file.relative_to(ROOT)).startswith(NOT_READ)]


def sentences(source: str) -> Iterator[tuple[int, str]]:
    """Yield the comments and the texts of at least three words of a Python file, with their lines.

    Comments without riddles are left out if no line has a riddle behind a #. Finding comments takes half of the time.
    """
    if any(RIDDLES.search(line, line.index("#")) for line in source.splitlines() if "#" in line):
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and WORDS.search(node.value):
            yield node.lineno, " ".join(node.value.split())


def names(source: str) -> Iterator[tuple[int, str]]:
    """Yield the names that a Python file defines, without leading underscores, with their lines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name.lstrip("_").lower()
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg.lstrip("_")
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id.lstrip("_").lower()
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr.lstrip("_")


def test_no_file_is_long() -> None:
    rooms = ("api", "strategies", "plugins", "benchmarks", "tests")
    files = [file for room in rooms for file in (ROOT / room).rglob("*.py") if "node_modules" not in file.parts]
    assert len(files) > 300
    lines = {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8").count("\n") for file in files}
    assert {file: number for file, number in lines.items() if number > MAX_LINES} == {}


def test_every_clean_room_has_files() -> None:
    assert [room for room in CLEAN_ROOMS if not list(ROOT.glob(room))] == []


@pytest.mark.parametrize("file", source_files(ALL_ROOMS), ids=lambda file: str(file.relative_to(ROOT)))
def test_a_file_has_no_riddles(file: Path) -> None:
    found = [
        f"line {line}: {text[max(0, match.start() - 50) : match.end() + 20]}"
        for line, text in sentences(file.read_text(encoding="utf-8"))
        for match in RIDDLES.finditer(text)
    ]
    assert found == []


@pytest.mark.parametrize("file", source_files(CLEAN_ROOMS), ids=lambda file: str(file.relative_to(ROOT)))
def test_a_file_has_no_obscure_names(file: Path) -> None:
    found = [f"line {line}: {name}" for line, name in names(file.read_text(encoding="utf-8")) if name in OBSCURE_NAMES]
    assert found == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Whoever waits is told so.",
        "The line stands in the file.",
        "An email that leaves.",
        "Return it; None where there is no such row.",
        "This is no CSV.",
        "A link behind its text.",
    ],
)
def test_a_riddle_is_found(sentence: str) -> None:
    assert RIDDLES.search(sentence)
    assert [text for _, text in sentences(f'x = "{sentence}"\n# {sentence}\n')].count(sentence) == 1


@pytest.mark.parametrize(
    "sentence", ["None if there is no row.", "A client behind a proxy.", "The value has no name and is not kept."]
)
def test_a_plain_sentence_is_no_riddle(sentence: str) -> None:
    assert not RIDDLES.search(sentence)
