"""Field prompts: ``{{! Introduce yourself }}`` in a template asks a person to write something in its place."""

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from api.mail.inline_limits import require_quick_html
from api.mail.references import decode_references
from api.mail.templates.tags import PROMPT_BEGIN, PROMPT_END

_MARK = re.compile(f"{PROMPT_BEGIN}([0-9]{{1,6}}){PROMPT_END}")
# No prompt reaches over the beginning of the next: looking for its end takes linear time.
_PROMPT = re.compile(r"\{\{\s*!((?:(?!\}\}|\{\{).)*+)\}\}", re.DOTALL)
_ELEMENT = re.compile(r"<[^<>]*>")


class Prompted(NamedTuple):
    """A rendered text, and what its field prompts ask for that are still in it."""

    text: str
    prompts: tuple[str, ...] = ()


def restore(text: str, prompts: Sequence[str], *, quoted: bool) -> Prompted:
    """Put field prompts in the places of their marks, as they were written; in what is ``quoted``, nothing."""
    if not prompts:
        return Prompted(text)
    found: list[str] = []

    def written(mark: re.Match[str]) -> str:
        number = int(mark[1])
        if quoted or number >= len(prompts):
            return ""
        found.append(prompts[number])
        return prompts[number]

    return Prompted(_MARK.sub(written, text), labels(found))


def unmarked(value: str) -> str:
    """Return a person's value without the characters that mark a prompt."""
    if PROMPT_BEGIN not in value and PROMPT_END not in value:
        return value
    return type(value)(value.replace(PROMPT_BEGIN, "").replace(PROMPT_END, ""))


def left_in(text: str, values: Iterable[str], *, html: bool) -> tuple[str, ...]:
    """Return what the field prompts ask for that a person has left in their text.

    ``values`` are the person's own, which stand in that text as they are: nobody's company is a prompt.
    """
    require_quick_html(text)
    for value in values:
        if "{{" in value:
            text = text.replace(escape(value), " ").replace(escape(value, quote=False), " ").replace(value, " ")
    plain = decode_references(text) if html else text
    return labels(match.group() for match in _PROMPT.finditer(plain))


def listed(prompts: Sequence[str]) -> str:
    """Return the first field prompts of an email as a list for a sentence."""
    return ", ".join(f"{{{{! {prompt} }}}}"[:80] for prompt in prompts[:5])


def labels(prompts: Iterable[str]) -> tuple[str, ...]:
    """Return what prompts ask for, each once: of ``{{! Introduce yourself }}``, "Introduce yourself"."""
    said = (_ELEMENT.sub("", decode_references(prompt)).strip("{}").strip().removeprefix("!") for prompt in prompts)
    return tuple(dict.fromkeys(" ".join(each.split()) for each in said))
