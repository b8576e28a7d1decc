"""Check a template as it is saved: it can be read, and what is made of it can be rendered."""

from collections.abc import Mapping
from datetime import UTC, datetime

from liquid import BoundTemplate
from liquid.exceptions import LiquidError, UndefinedError, UnknownFilterError

from api.mail.clean import header_problem, text_from_html
from api.mail.message.body import safe
from api.mail.templates.liquid import TemplateProblem, known_values, parsed, problem_of
from api.mail.templates.prompts import restore
from api.mail.templates.simple import LIQUID_NAMES
from api.mail.templates.tags import prepare

SAMPLES = ("1", "Ada", "2026-03-02T09:30:00Z")
"""Values that every field is given in turn: a template must render with one of them."""
_NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_BROKEN = (LiquidError, RecursionError, ArithmeticError, ValueError, TypeError)


def check_template(source: str, *, html: bool = False, line: bool = False) -> None:
    """Check that a template can be read and rendered, and so can what is made of it. Raises TemplateProblem.

    ``html``: the text part is made of it. ``line``: it is a subject. A template that breaks with one value and not
    with another is taken: it may be well with a person's own values.
    """
    template = parsed(source, html)
    try:
        used = template.analyze(include_partials=False)
    except (LiquidError, RecursionError) as problem:
        raise problem_of(problem, source, html) from None
    for name, places in sorted(used.filters.items()):
        if name not in template.env.filters:
            told = UnknownFilterError(f"there is no filter {name[:60]!r}", token=None)
            raise problem_of(told, source, html, min(place.index for place in places))
    first: TemplateProblem | None = None
    for sample in SAMPLES:
        values = known_values(dict.fromkeys(used.globals.keys() - LIQUID_NAMES, sample), _NOW)
        try:
            rendered = str(template.render(values))
        except UndefinedError:
            return  # a part of a value, such as order.number: it stops the emails of those who lack it
        except _BROKEN as problem:
            first = first or problem_of(problem, source, html, _failing(template, values))
        else:
            _check_parts(restore(rendered, prepare(source, html).prompts, quoted=False).text, html=html, line=line)
            return
    if first is not None:
        raise first


def _check_parts(rendered: str, *, html: bool, line: bool) -> None:
    if html:
        text_from_html(safe(rendered))
    if line and (problem := header_problem(rendered.strip())):
        raise TemplateProblem(f"The subject cannot be used: {problem}")


def _failing(template: BoundTemplate, values: Mapping[str, object]) -> int | None:
    """Return where the first part stands that cannot be rendered after those before it."""
    fits, fails = 0, len(template.nodes)
    while fails - fits > 1:
        middle = (fits + fails) // 2
        try:
            type(template)(template.env, template.nodes[:middle]).render(values)
        except _BROKEN:
            fails = middle
        else:
            fits = middle
    return template.nodes[fits].token.start_index if template.nodes else None
