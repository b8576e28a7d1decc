"""Field prompts. ``{{! Introduce yourself }}`` in a template asks the sender to replace it with their own text.

The label of this prompt is "Introduce yourself".
"""

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from api.mail.inline_limits import require_quick_html
from api.mail.references import decode_references
from api.mail.templates.tags import PROMPT_BEGIN, PROMPT_END

_MARK = re.compile(f"{PROMPT_BEGIN}([0-9]{{1,6}}){PROMPT_END}")
# A prompt cannot contain "{{", so the search for its end takes linear time.
_PROMPT = re.compile(r"\{\{\s*!((?:(?!\}\}|\{\{).)*+)\}\}", re.DOTALL)
_ELEMENT = re.compile(r"<[^<>]*>")


class RenderedText(NamedTuple):
    """A rendered text."""

    text: str
    prompts: tuple[str, ...] = ()
    """The labels of the field prompts that are still in it."""


def restore_prompts(text: str, prompts: Sequence[str], *, quoted: bool) -> RenderedText:
    """Replace the marks in a text by their field prompts; with ``quoted``, by nothing."""
    if not prompts:
        return RenderedText(text)
    restored: list[str] = []

    def prompt_of(mark: re.Match[str]) -> str:
        number = int(mark[1])
        if quoted or number >= len(prompts):
            return ""
        restored.append(prompts[number])
        return prompts[number]

    return RenderedText(_MARK.sub(prompt_of, text), prompt_labels(restored))


def remove_prompt_marks(value: str) -> str:
    """Return a field's value without the private-use characters that mark a prompt."""
    if PROMPT_BEGIN not in value and PROMPT_END not in value:
        return value
    return type(value)(value.replace(PROMPT_BEGIN, "").replace(PROMPT_END, ""))


def find_remaining_prompts(text: str, values: Iterable[str], *, html: bool) -> tuple[str, ...]:
    """Return the labels of the field prompts that are still in a text.

    ``values`` are the person's fields. Braces inside them, for example in the name of a company, are not prompts.
    """
    require_quick_html(text)
    for value in values:
        if "{{" in value:
            text = text.replace(escape(value), " ").replace(escape(value, quote=False), " ").replace(value, " ")
    plain = decode_references(text) if html else text
    return prompt_labels(match.group() for match in _PROMPT.finditer(plain))


def prompt_list(prompts: Sequence[str]) -> str:
    """Return the first five field prompts as a list in a sentence, such as ``{{! Introduce yourself }}``."""
    return ", ".join(f"{{{{! {prompt} }}}}"[:80] for prompt in prompts[:5])


def prompt_labels(prompts: Iterable[str]) -> tuple[str, ...]:
    """Return the labels of prompts, without repetitions."""
    texts = (_ELEMENT.sub("", decode_references(prompt)).strip("{}").strip().removeprefix("!") for prompt in prompts)
    return tuple(dict.fromkeys(" ".join(text.split()) for text in texts))
