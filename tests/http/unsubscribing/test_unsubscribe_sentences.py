"""The table of sentences is complete, and the header of the browser chooses the language."""

import string
from dataclasses import astuple, fields

import pytest

from api.http.unsubscribing.sentences import SENTENCES, Sentences, language_of

ASKED_FOR = {"en", "de", "fr", "es", "it", "pt", "nl", "ja"}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", SENTENCES)
def test_each_language_has_every_sentence_with_its_placeholders(language: str) -> None:
    for field, text, english in zip(
        fields(Sentences), astuple(SENTENCES[language]), astuple(SENTENCES["en"]), strict=True
    ):
        assert text.strip() == text != "", field.name
        assert placeholders(text) == placeholders(english), field.name
        assert not set('<>&"') & set(text), "it is written into HTML as it is"


def test_no_sentence_was_forgotten_in_translation() -> None:
    assert SENTENCES.keys() >= ASKED_FOR
    for language in SENTENCES.keys() - {"en"}:
        same = set(astuple(SENTENCES[language])) & set(astuple(SENTENCES["en"]))
        assert same == set(), language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"), ("de", "de"), ("de-CH", "de"), ("DE-ch;q=0.3, fr;q=0.8", "fr"), ("xx, pt-BR;q=0.5", "pt"),
        ("fr;q=0, nl;q=0.001", "nl"), ("ja;q=x", "en"), ("it;q=nan", "en"), ("it;q=7", "en"), ("*", "en"),
        (";;,,=q", "en"), ("es , it", "es"), ("x," * 400 + "," * 300 + "de", "en"),
    ],
)  # fmt: skip
def test_the_best_language_that_the_page_has_is_chosen(header: str, language: str) -> None:
    assert language_of(header) == language
