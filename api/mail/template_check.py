"""Checks a template before it is saved: it can be parsed and rendered, and so can its text part."""

from collections.abc import Mapping
from datetime import UTC, datetime

from liquid import BoundTemplate
from liquid.exceptions import LiquidError, UndefinedError, UnknownFilterError

from api.codes.refusals.templates import TemplateCode
from api.mail.message.body import sanitize_rendered
from api.mail.plain_text import text_from_html
from api.mail.templates.liquid import TemplateProblem, parse_template, template_values, to_template_problem
from api.mail.templates.prompts import restore_prompts
from api.mail.templates.simple import LIQUID_NAMES
from api.mail.templates.tags import prepare_template
from api.mail.text_checks import header_problem

SAMPLE_VALUES = ("1", "Ada", "2026-03-02T09:30:00Z")
"""Values that all fields get in turn. A template must render with one of them."""
_SAMPLE_NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_RENDERING_ERRORS = (LiquidError, RecursionError, ArithmeticError, ValueError, TypeError)


def check_template(source: str, *, html: bool = False, line: bool = False) -> None:
    """Check a template. Raises TemplateProblem.

    ``html``: it is an HTML part, whose text part is checked as well. ``line``: it is a subject. A template that fails
    with one sample value and renders with another is accepted, because it may render with people's own values.
    """
    template = parse_template(source, html)
    try:
        used = template.analyze(include_partials=False)
    except (LiquidError, RecursionError) as problem:
        raise to_template_problem(problem, source, html) from None
    for name, spans in sorted(used.filters.items()):
        if name not in template.env.filters:
            error = UnknownFilterError(f"there is no filter {name[:60]!r}", token=None)
            raise to_template_problem(error, source, html, min(span.index for span in spans))
    first_problem: TemplateProblem | None = None
    for sample in SAMPLE_VALUES:
        values = template_values(dict.fromkeys(used.globals.keys() - LIQUID_NAMES, sample), _SAMPLE_NOW)
        try:
            rendered = str(template.render(values))
        except UndefinedError:
            return  # a property such as order.number: the emails of people without it fail
        except _RENDERING_ERRORS as problem:
            if first_problem is None:
                index = _find_failing_node(template, values)
                first_problem = to_template_problem(problem, source, html, index)
        else:
            _check_rendered(
                restore_prompts(rendered, prepare_template(source, html).prompts, quoted=False).text,
                html=html,
                line=line,
            )
            return
    if first_problem is not None:
        raise first_problem


def _check_rendered(rendered: str, *, html: bool, line: bool) -> None:
    if html:
        text_from_html(sanitize_rendered(rendered))
    if line and (problem := header_problem(rendered.strip())):
        raise TemplateProblem(TemplateCode.INVALID_TEMPLATE.message("subject", fault=problem.sentence))


def _find_failing_node(template: BoundTemplate, values: Mapping[str, object]) -> int | None:
    """Return the start index of the first node that cannot be rendered, by binary search."""
    rendered, failed = 0, len(template.nodes)
    while failed - rendered > 1:
        middle = (rendered + failed) // 2
        try:
            type(template)(template.env, template.nodes[:middle]).render(values)
        except _RENDERING_ERRORS:
            failed = middle
        else:
            rendered = middle
    return template.nodes[rendered].token.start_index if template.nodes else None
