"""The text of a CSV file, before it is read."""

from api.codes.inputs import InputCode
from api.mail.clean import text_problem
from strategies import Refusal

SLICE = 1_000_000
"""Characters that are searched at once: other threads wait meanwhile."""


def check_source(source: str) -> None:
    """Refuse a text that cannot be stored, without a path. Call in a thread: the text may have many megabytes."""
    if source.isascii() and "\x00" not in source:
        return
    for start in range(0, len(source), SLICE):
        if problem := text_problem(source[start : start + SLICE]):
            raise Refusal.of(InputCode.INVALID_TEXT, problem=problem)
