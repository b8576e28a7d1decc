"""Codes: each is a member with its documentation, each is used, and each call gives the values of its sentence."""

import ast
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from string import Formatter

import pytest

from api import states
from api.codes.documents import ALL_CODES, with_tables
from plugins.contract import Outcome
from plugins.incoming import ReportedKind
from strategies import Refusal
from strategies.codes import Code
from tests.source_code import called, source

ROOT = Path(__file__).parents[2]
MEMBERS: list[Code] = [code for kind in ALL_CODES for code in kind]
BY_CLASS = {kind.__name__: kind for kind in ALL_CODES}

DYNAMIC = {"code.message(case, **values)", "code.message(**values)", "code.message()"}
"""The calls that pass on a code that another call names."""


def statuses() -> set[str]:
    """Names that are a status or a kind of event as well as a code, such as BOUNCED."""
    kinds = [kind for kind in vars(states).values() if isinstance(kind, type) and issubclass(kind, StrEnum)]
    return {str(status) for kind in (*kinds, Outcome, ReportedKind) for status in kind}


def written_codes() -> set[str]:
    """Every code that the source writes as text instead of naming its member."""
    return (source().texts & set(MEMBERS)) - statuses()


def used_codes() -> set[str]:
    """Every member that the source names."""
    return {member.name for member in source().members if member.of in BY_CLASS}


def test_no_code_is_defined_twice() -> None:
    assert len(set(MEMBERS)) == len(MEMBERS)
    assert set(Code.__subclasses__()) == set(ALL_CODES)


def test_no_code_is_written_as_text() -> None:
    assert written_codes() == set()


def test_every_member_is_used() -> None:
    assert used_codes() == set(MEMBERS)


def is_code(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and ast.unparse(node.value) in BY_CLASS


def filled() -> Iterator[tuple[ast.Call, Code, str, dict[str | None, ast.expr]]]:
    """Every place that fills in the sentence of a code: the call, the code, the case, and the values."""
    for _, _, node in source().calls:
        given: dict[str | None, ast.expr] = {keyword.arg: keyword.value for keyword in node.keywords}
        if ast.unparse(node.func) == "Refusal.of":
            named, case = node.args[0], given.pop("case", ast.Constant(""))
        elif isinstance(node.func, ast.Attribute) and node.func.attr == "message":
            named, case = node.func.value, (*node.args, ast.Constant(""))[0]
        elif called(node) in {"_close_with_error", "_send_error"}:
            parts = [part for arg in node.args for part in ast.walk(arg)]
            named = next((part for part in parts if is_code(part)), node.func)
            case = ast.Constant("")
            if named is node.func:
                continue
        else:
            continue
        if isinstance(named, ast.Attribute) and is_code(named):
            yield node, BY_CLASS[ast.unparse(named.value)][named.attr], ast.literal_eval(case), given
        else:
            assert ast.unparse(node) in DYNAMIC, ast.unparse(node)


def test_every_use_of_a_code_gives_the_values_of_its_sentence() -> None:
    found = 0
    for call, code, case, given in filled():
        found += 1
        assert case in code.sentences, ast.unparse(call)
        named = {name for _, name, _, _ in Formatter().parse(code.sentences[case]) if name}
        assert named == set(given) or None in given, ast.unparse(call)
    assert found > 200


def test_every_sentence_is_used() -> None:
    assert {(code, case) for _, code, case, _ in filled()} == {
        (code, case) for code in MEMBERS for case in code.sentences
    }


def test_no_sentence_has_an_article_before_a_value() -> None:
    """A value can begin with a vowel or a consonant."""
    article = re.compile(r"\ban? \{\w+\}(?! times)", re.IGNORECASE)
    assert [(code, text) for code in MEMBERS for text in code.sentences.values() if article.search(text)] == []


def test_the_document_lists_the_codes() -> None:
    document = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert document == with_tables(document), "run: python -m api.codes docs/errors.md"
    assert all(code.when in document and code.do in document for code in MEMBERS)


def test_a_refusal_of_a_code_is_plain_text() -> None:
    refusal = Refusal.of(BY_CLASS["StrategyCode"]["STEP_NOT_FOUND"], ("step",), number=7)
    assert (refusal.code, refusal.message, refusal.path) == (
        "STEP_NOT_FOUND",
        "This campaign has no step 7.",
        ("step",),
    )
    assert type(refusal.code) is str
    with pytest.raises(KeyError):
        Refusal.of(BY_CLASS["StrategyCode"]["STEP_NOT_FOUND"], ("step",))
