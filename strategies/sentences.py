"""Turn notes and warnings into sentences."""

import logging
from collections.abc import Iterable, Mapping

from strategies.contract import Note, SendOption, WarningNote
from strategies.explanation_sentences import RETIRED_SENTENCES, SENTENCES
from strategies.warning_codes import WarningCode

log = logging.getLogger("touchline.options")

WARNINGS = {code.value: code.sentences for code in WarningCode}


OPTION_CODES = frozenset({"OPTION_CHOSE", "OPTION_CHOSE_DUE"})
"""Notes that name the send option of an explanation."""


def own_first(notes: Iterable[Note | WarningNote], options: Mapping[str, SendOption]) -> list[SendOption]:
    """Return the send options, first the one that the notes name: two packages can have sentences of the same code."""
    named = {note.values.get("option") for note in notes if isinstance(note, WarningNote) or note.code in OPTION_CODES}
    return sorted(options.values(), key=lambda option: option.key not in named)


def has_sentence(note: Note | WarningNote, language: str, option: SendOption) -> bool:
    """Say whether Touchline or an option has the sentence of a note in a language."""
    ours = WARNINGS if isinstance(note, WarningNote) else SENTENCES
    found = ours.get(note.code) or option.sentences.get(note.code) or {}
    return language in found


class _Blank(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def sentence(note: Note | WarningNote, language: str = "en", options: Iterable[SendOption] = ()) -> str:
    """Return the sentence of a note or a warning (in English if the language is missing), or the code without one."""
    ours = (WARNINGS,) if isinstance(note, WarningNote) else (SENTENCES, RETIRED_SENTENCES)
    for sentences in (*ours, *(option.sentences for option in options)):
        if note.code in sentences:
            by_language = sentences[note.code]
            text = by_language.get(language, by_language["en"])
            form = text if isinstance(text, str) else text.of(note.values)
            try:
                return form.format_map(_Blank(note.values))
            except (ValueError, TypeError):  # a package's format that does not match the value
                log.error("the sentence of %s cannot be formatted with the values of the note", note.code)
    return note.code
