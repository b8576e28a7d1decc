"""Parses and renders templates, such as ``Hi {{ first_name | default: "there" }}``, within limits for hostile ones."""

from collections.abc import Mapping
from datetime import datetime

from liquid import BoundTemplate, Environment, StrictDefaultUndefined
from liquid.exceptions import LiquidError, ResourceLimitError, UndefinedError, UnknownFilterError

from api.codes.refusals.templates import TemplateCode
from api.mail.cache import Cache, cached_in, text_bytes
from api.mail.html.limits import HtmlLimitError, check_html
from api.mail.inline_limits import TemplateFact, require_quick_template, require_worker
from api.mail.templates.dates import CLOCK
from api.mail.templates.error_positions import find_error_position
from api.mail.templates.filters import FILTERS, set_up_filters
from api.mail.templates.prompts import RenderedText, remove_prompt_marks, restore_prompts
from api.mail.templates.simple import SimpleTemplate, to_simple_template
from api.mail.templates.tag_limits import find_tag_problem
from api.mail.templates.tags import prepare_template
from api.mail.templates.values import ComparingTemplate, to_comparable
from strategies.codes import Message

BLANK_FIELDS = ("first_name", "last_name", "title", "my_title", "my_signature")
"""Fields that are blank for a person or a sender without a value. Other fields without a value stop the email."""
MAX_TEMPLATE_LENGTH = 200_000
"""Longest template, in characters."""
TREE_CACHE_BYTES = 32_000_000
"""Size of the cache of parsed templates, in bytes, in each process."""
FORM_CACHE_BYTES = 32_000_000
"""Size of the cache of simple templates, in bytes, in each process."""
TREE_BYTES_PER_CHARACTER = 8
TREE_BYTES_PER_TAG = 4_000
FIELD_BYTES = 400
"""Estimated memory of a parsed template, and of a field of a simple template."""
TAGS = (
    "assign", "capture", "case", "comment", "cycle", "decrement", "doc", "echo", "for", "if", "ifchanged", "increment",
    "liquid", "raw", "tablerow", "unless",
)  # fmt: skip
"""The tags of templates, without ``end…``, ``else``, ``elsif`` and ``when``."""


class UnresolvedFieldError(Exception):
    """A dynamic field has no value, so the email must not be sent."""

    def __reduce__(self) -> tuple[type["UnresolvedFieldError"], tuple[str]]:
        """Support pickling, because worker processes raise this error."""
        return UnresolvedFieldError, (self.field,)

    def __init__(self, field: str) -> None:
        super().__init__(f"The dynamic field {field} has no value.")
        self.field = field


class TemplateProblem(Exception):  # noqa: N818 - the author reads it
    """A template cannot be parsed or rendered. The message is one sentence for its author."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.sentence)
        self.message = message

    def __reduce__(self) -> tuple[type["TemplateProblem"], tuple[Message]]:
        """Support pickling, because worker processes raise this error."""
        return type(self), (self.message,)


class TemplateLimitProblem(TemplateProblem):
    """A template or its rendering exceeds a limit. A retry exceeds it again."""


def to_template_problem(error: Exception, source: str, html: bool, index: int | None = None) -> TemplateProblem:
    """Convert an error of liquid. The message has the line and column in the saved source.

    ``index`` is the position in the prepared text, for errors that have no position themselves.
    """
    text = error.message if isinstance(error, LiquidError) else error
    lines = str(text).strip().splitlines()
    message = lines[0][:300] if lines else type(error).__name__
    token = error.token if isinstance(error, LiquidError) else None
    prepared = prepare_template(source, html)
    if token is not None and token.start_index >= 0:
        index = token.start_index
    elif index is None:
        index = find_error_position(message, prepared.text, _is_readable)
    line, column = prepared.line_and_column(index)
    if isinstance(error, UnknownFilterError):
        message = f"{message}; there are {', '.join(sorted(FILTERS))}"
    elif message.startswith("unexpected tag"):
        message = f"{message}; there are {', '.join(TAGS)}"
    return _problem_at(message, line, column, exceeds_limit=isinstance(error, ResourceLimitError))


def _problem_at(fault: str, line: int, column: int, *, exceeds_limit: bool) -> TemplateProblem:
    if exceeds_limit:
        return TemplateLimitProblem(TemplateCode.TEMPLATE_LIMIT.message(fault=fault, line=line, column=column))
    return TemplateProblem(TemplateCode.INVALID_TEMPLATE.message(fault=fault, line=line, column=column))


class _FallbackText(str):
    """A value for a missing field, which the ``default`` filter replaces."""

    __slots__ = ()
    force_liquid_default = True


class _LimitedEnvironment(Environment):
    """Liquid's environment, with limits for each rendering."""

    template_class = ComparingTemplate
    loop_iteration_limit = 1_000
    output_stream_limit = 500_000
    local_namespace_limit = 50_000
    context_depth_limit = 12

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Remove the tags that load other templates."""
        super().setup_tags_and_filters(extra=extra)
        del self.tags["include"], self.tags["render"]
        set_up_filters(self)


_TEXT = _LimitedEnvironment(undefined=StrictDefaultUndefined)
_HTML = _LimitedEnvironment(undefined=StrictDefaultUndefined, autoescape=True)


def _is_readable(text: str) -> bool:
    try:
        _TEXT.from_string(text)
    except (LiquidError, RecursionError):
        return False
    return True


def _tree_bytes(_tree: BoundTemplate, source: str, _html: bool) -> int:
    return (
        text_bytes(source) * TREE_BYTES_PER_CHARACTER + (source.count("{{") + source.count("{%")) * TREE_BYTES_PER_TAG
    )


@cached_in(Cache[BoundTemplate](TREE_CACHE_BYTES, _tree_bytes))
def parse_template(source: str, html: bool) -> BoundTemplate:
    """Parse a template. Raises TemplateProblem."""
    require_quick_template(source)
    if len(source) > MAX_TEMPLATE_LENGTH:
        too_long = TemplateCode.TEMPLATE_LIMIT.message("characters", limit=MAX_TEMPLATE_LENGTH, length=len(source))
        raise TemplateLimitProblem(too_long)
    if problem := find_tag_problem(source):
        line, column = source.count("\n", 0, problem.index) + 1, problem.index - source.rfind("\n", 0, problem.index)
        raise _problem_at(problem.message, line, column, exceeds_limit=problem.exceeds_limit)
    if html:
        try:
            check_html(source)
        except HtmlLimitError as error:
            raise TemplateLimitProblem(error.message) from None
    try:
        return (_HTML if html else _TEXT).from_string(prepare_template(source, html).text)
    except (LiquidError, RecursionError) as error:
        raise to_template_problem(error, source, html) from None


field_names_cache: Cache[frozenset[str]] = Cache(
    FORM_CACHE_BYTES // 4, lambda names, source: text_bytes(source, *names)
)
"""The field names of templates, by source."""


@cached_in(field_names_cache)
def find_field_names(source: str) -> frozenset[str]:
    """Return the names of a template's dynamic fields; none for a template that cannot be parsed."""
    require_quick_template(source, TemplateFact("fields", (source,)))
    try:
        return frozenset(parse_template(source, True).analyze(include_partials=False).globals)
    except (TemplateProblem, LiquidError, RecursionError):
        return frozenset()


def _form_bytes(form: SimpleTemplate | None, source: str, _html: bool) -> int:
    size = text_bytes(source)
    return size if form is None else size + sum(FIELD_BYTES + len(str(part)) * 4 for part in form.parts)


simple_template_cache: Cache[SimpleTemplate | None] = Cache(FORM_CACHE_BYTES, _form_bytes)
"""Simple templates, by source and whether it is HTML. None for templates that are not simple."""


@cached_in(simple_template_cache)
def simple_template(source: str, html: bool) -> SimpleTemplate | None:
    """Return a template of only text and fields as a SimpleTemplate; None for other templates."""
    require_quick_template(source, TemplateFact("form", (source, html)))

    def render_without_values(template: BoundTemplate) -> str | None:
        try:
            return str(template.render(_field_values({})))
        except UndefinedError:
            return None

    return to_simple_template(
        parse_template(source, html), html, render_without_values, prepare_template(source, html).prompts
    )


def render(source: str, fields: Mapping[str, str], now: datetime, *, html: bool, quoted: bool = False) -> RenderedText:
    """Render a template for one person. Raises UnresolvedFieldError or TemplateProblem.

    Names and titles without a value are blank, and a company without one is "your company". Any other field needs a
    value or a ``default``. Values are escaped in HTML only. ``now`` is the workspace's time in the person's zone.
    ``quoted`` removes the field prompts, for an email that is quoted below a follow-up.
    """
    simple = simple_template(source, html)
    if simple is not None:
        if (text := simple.render(fields)) is not None:
            return restore_prompts(text, simple.prompts, quoted=quoted)
        if (field := simple.first_unresolved(fields)) is not None:
            raise UnresolvedFieldError(field)
    rendered = _render_with_liquid(source, html, fields, now)
    return restore_prompts(rendered, prepare_template(source, html).prompts, quoted=quoted)


def template_values(fields: Mapping[str, str], now: datetime) -> dict[str, object]:
    """Return the values that a template can use: the fields, ``now`` and ``today``."""
    now = now.replace(microsecond=0)
    return {"now": now, "today": now.date(), **_field_values(fields), CLOCK: now}


def _field_values(fields: Mapping[str, str]) -> dict[str, object]:
    values: dict[str, object] = {name: to_comparable(value) for name, value in fields.items() if value.strip()}
    for name in BLANK_FIELDS:
        values.setdefault(name, "")
    for name in ("company", "company_friendly"):
        values.setdefault(name, _FallbackText("your company"))
    return values


def _render_with_liquid(source: str, html: bool, fields: Mapping[str, str], now: datetime) -> str:
    require_worker()
    values = template_values(fields, now)
    if prepare_template(source, html).prompts:
        values = {
            name: remove_prompt_marks(value) if isinstance(value, str) else value for name, value in values.items()
        }
    try:
        return str(parse_template(source, html).render(values))
    except UndefinedError as problem:
        raise UnresolvedFieldError(str(problem.message).removesuffix(" is undefined").strip("'")) from None
    except (LiquidError, RecursionError, ArithmeticError, ValueError, TypeError) as problem:
        raise to_template_problem(problem, source, html) from None
