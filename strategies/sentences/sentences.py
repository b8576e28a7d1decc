"""Turn notes and warnings into sentences."""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from strategies.contract import Note, SendOption, WarningNote
from strategies.sentences.explanation_sentences import RETIRED_SENTENCES, SENTENCES
from strategies.sentences.warning_codes import WarningCode

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


TIME_OF_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2} )?([0-9]{2}):([0-9]{2})(:[0-9]{2})?")


class _Blank(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def _shown_values(note: Note | WarningNote, language: str, options: Sequence[SendOption]) -> Mapping[str, str | int]:
    """Return the values of one of Touchline's notes as people read them: 9:30, and the title of a send option."""
    values = {name: _shown_time(value) if isinstance(value, str) else value for name, value in note.values.items()}
    if note.code in OPTION_CODES:
        chosen = next((option for option in options if option.key == values.get("option")), None)
        if chosen is not None:
            values["option"] = chosen.labels.get(language, chosen.labels["en"])
    return values


def _shown_time(text: str) -> str:
    """Return a time of day, also after a date, without a leading zero, and without seconds that are 0: 9:30.

    Other texts stay as they are.
    """
    found = TIME_OF_DAY.fullmatch(text)
    if found is None:
        return text
    date, hour, minute, seconds = found.groups(default="")
    return f"{date}{int(hour)}:{minute}{'' if seconds == ':00' else seconds}"


def sentence(note: Note | WarningNote, language: str = "en", options: Iterable[SendOption] = ()) -> str:
    """Return the sentence of a note or a warning (in English if the language is missing), or the code without one."""
    options = tuple(options)
    if note.code in SENTENCES or note.code in RETIRED_SENTENCES or note.code in WARNINGS:
        note = replace(note, values=_shown_values(note, language, options))
    ours = (WARNINGS,) if isinstance(note, WarningNote) else (SENTENCES, RETIRED_SENTENCES)
    for sentences in (*ours, *(option.sentences for option in options)):
        if note.code in sentences:
            by_language = sentences[note.code]
            text = by_language.get(language, by_language["en"])
            form = text if isinstance(text, str) else text.of(note.values)
            try:
                return form.format_map(_Blank(note.values))
            except (ValueError, TypeError):  # a package's format that does not match the value
                log.error("cannot format the sentence of %s with the values of the note", note.code)
    return note.code
