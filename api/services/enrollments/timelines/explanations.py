"""Explanations of times: the notes of a plan as they are stored with an email or a task."""

from collections.abc import Iterable

from strategies import Note


def notes_to_json(notes: Iterable[Note]) -> list[list[object]]:
    """Return the stored form of notes: a list of code and values for each note."""
    return [[note.code, dict(note.values)] for note in notes]


def notes_from_json(explanation: Iterable[tuple[str, dict[str, str | int]]]) -> list[Note]:
    """Return the notes of a stored explanation."""
    return [Note(code, values) for code, values in explanation]
