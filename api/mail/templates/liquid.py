"""Dynamic fields: ``{{ first_name | default: "there" }}``, within limits that hold against hostile templates."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from liquid import BoundTemplate, Environment, StrictDefaultUndefined
from liquid.exceptions import LiquidError, ResourceLimitError, UndefinedError, UnknownFilterError

from api.codes.templates import TemplateCode
from api.mail.cache import Cache, cached_in, text_bytes
from api.mail.html.limits import HtmlLimitError, check_html
from api.mail.inline_limits import TemplateFact, require_quick_template, require_worker
from api.mail.templates.dates import CLOCK
from api.mail.templates.filters import FILTERS, set_up_filters
from api.mail.templates.places import place_of
from api.mail.templates.prompts import Prompted, restore, unmarked
from api.mail.templates.simple import SimpleTemplate, simple
from api.mail.templates.tag_limits import tag_problem
from api.mail.templates.tags import prepare
from api.mail.templates.values import ComparingTemplate, comparable
from strategies.codes import Code, Message

BLANK_WHEN_UNKNOWN = ("first_name", "last_name", "title")
MAX_TEMPLATE_LENGTH = 200_000
TREE_CACHE_BYTES = 32_000_000
"""Bytes of templates as liquid has read them that a process keeps."""
FORM_CACHE_BYTES = 32_000_000
"""Bytes of templates of text and fields, in their simple form, that a process keeps."""
TREE_BYTES_PER_CHARACTER = 8
TREE_BYTES_PER_TAG = 4_000
FIELD_BYTES = 400
TAGS = (
    "assign", "capture", "case", "comment", "cycle", "decrement", "doc", "echo", "for", "if", "ifchanged", "increment",
    "liquid", "raw", "tablerow", "unless",
)  # fmt: skip
"""The tags of templates, without those that end or divide others."""


class UnresolvedFieldError(Exception):
    """A dynamic field has no value, so this email must not be sent."""

    def __reduce__(self) -> tuple[type["UnresolvedFieldError"], tuple[str]]:
        """Pickle it for the way out of a worker process."""
        return UnresolvedFieldError, (self.field,)

    def __init__(self, field: str) -> None:
        super().__init__(f"The dynamic field {field} has no value.")
        self.field = field


class TemplateProblem(Exception):  # noqa: N818 - the author reads it
    """A template cannot be parsed or rendered. The message is one sentence with the reason."""

    code: ClassVar[Code] = TemplateCode.INVALID_TEMPLATE

    @property
    def message(self) -> Message:
        """The code and the sentence."""
        return Message(self.code.value, str(self))


class TemplateLimitProblem(TemplateProblem):
    """A template or its rendering exceeds a limit. A retry exceeds it again."""

    code: ClassVar[Code] = TemplateCode.TEMPLATE_LIMIT


def problem_of(error: Exception, source: str, html: bool, index: int | None = None) -> TemplateProblem:
    """Return what is wrong, with line and column in the source as it was saved.

    ``index`` is the place in the text that liquid read, where the error itself does not have it.
    """
    said = error.message if isinstance(error, LiquidError) else error
    first = str(said).strip().splitlines()
    told = first[0][:300] if first else type(error).__name__
    token = error.token if isinstance(error, LiquidError) else None
    prepared = prepare(source, html)
    if token is not None and token.start_index >= 0:
        index = token.start_index
    elif index is None:
        index = place_of(told, prepared.text, _readable)
    line, column = prepared.place(index)
    kind = TemplateLimitProblem if isinstance(error, ResourceLimitError) else TemplateProblem
    if isinstance(error, UnknownFilterError):
        told = f"{told}; there are {', '.join(sorted(FILTERS))}"
    elif told.startswith("unexpected tag"):
        told = f"{told}; there are {', '.join(TAGS)}"
    return kind(f"The template cannot be used: {told} (line {line}, column {column}).")


class _Fallback(str):
    """A value that the ``default`` filter replaces."""

    __slots__ = ()
    force_liquid_default = True


class _Limited(Environment):
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


_TEXT = _Limited(undefined=StrictDefaultUndefined)
_HTML = _Limited(undefined=StrictDefaultUndefined, autoescape=True)


def _readable(text: str) -> bool:
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
def parsed(source: str, html: bool) -> BoundTemplate:
    """Return a template as liquid has read it. Raises TemplateProblem."""
    require_quick_template(source)
    if len(source) > MAX_TEMPLATE_LENGTH:
        raise TemplateLimitProblem(
            f"A template may have up to {MAX_TEMPLATE_LENGTH:,} characters (got {len(source):,})."
        )
    if wrong := tag_problem(source):
        line, column = source.count("\n", 0, wrong.place) + 1, wrong.place - source.rfind("\n", 0, wrong.place)
        kind = TemplateLimitProblem if wrong.limit else TemplateProblem
        raise kind(f"The template cannot be used: {wrong.told} (line {line}, column {column}).")
    if html:
        try:
            check_html(source)
        except HtmlLimitError as problem:
            raise TemplateLimitProblem(str(problem)) from None
    try:
        return (_HTML if html else _TEXT).from_string(prepare(source, html).text)
    except (LiquidError, RecursionError) as problem:
        raise problem_of(problem, source, html) from None


field_names: Cache[frozenset[str]] = Cache(FORM_CACHE_BYTES // 4, lambda names, source: text_bytes(source, *names))
"""The names of the fields of templates that are known, by source."""


@cached_in(field_names)
def fields_in(source: str) -> frozenset[str]:
    """Return the dynamic fields that a template names; of one that cannot be read, none."""
    require_quick_template(source, TemplateFact("fields", (source,)))
    try:
        return frozenset(parsed(source, True).analyze(include_partials=False).globals)
    except (TemplateProblem, LiquidError, RecursionError):
        return frozenset()


def _form_bytes(form: SimpleTemplate | None, source: str, _html: bool) -> int:
    size = text_bytes(source)
    return size if form is None else size + sum(FIELD_BYTES + len(str(part)) * 4 for part in form.parts)


forms: Cache[SimpleTemplate | None] = Cache(FORM_CACHE_BYTES, _form_bytes)
"""The simple forms that are known, by source and whether it is HTML."""


@cached_in(forms)
def simple_form(source: str, html: bool) -> SimpleTemplate | None:
    """Return a template of nothing but text and fields in its simple form; None for any other."""
    require_quick_template(source, TemplateFact("form", (source, html)))

    def missing(template: BoundTemplate) -> str | None:
        try:
            return str(template.render(_known({})))
        except UndefinedError:
            return None

    return simple(parsed(source, html), html, missing, prepare(source, html).prompts)


def render(source: str, fields: Mapping[str, str], now: datetime, *, html: bool, quoted: bool = False) -> Prompted:
    """Render a template for one person. Raises UnresolvedFieldError or TemplateProblem.

    A name or title that is unknown is blank, an unknown company "your company"; any other field needs a value or
    a ``default``. Values are escaped in HTML only. ``now`` is the workspace's clock in the person's zone, for dates.
    ``quoted`` leaves out the field prompts.
    """
    quick = simple_form(source, html)
    said = quick.render(fields) if quick is not None else None
    if quick is not None and said is not None:
        return restore(said, quick.prompts, quoted=quoted)
    if quick is not None and (field := quick.first_unresolved(fields)) is not None:
        raise UnresolvedFieldError(field)
    return restore(_liquid(source, html, fields, now), prepare(source, html).prompts, quoted=quoted)


def known_values(fields: Mapping[str, str], now: datetime) -> dict[str, object]:
    """Return the values that a template may use."""
    now = now.replace(microsecond=0)
    return {"now": now, "today": now.date(), **_known(fields), CLOCK: now}


def _known(fields: Mapping[str, str]) -> dict[str, object]:
    known: dict[str, object] = {name: comparable(value) for name, value in fields.items() if value.strip()}
    for name in BLANK_WHEN_UNKNOWN:
        known.setdefault(name, "")
    known.setdefault("company", _Fallback("your company"))
    return known


def _liquid(source: str, html: bool, fields: Mapping[str, str], now: datetime) -> str:
    require_worker()
    known = known_values(fields, now)
    if prepare(source, html).prompts:
        known = {name: unmarked(value) if isinstance(value, str) else value for name, value in known.items()}
    try:
        return str(parsed(source, html).render(known))
    except UndefinedError as problem:
        raise UnresolvedFieldError(str(problem.message).removesuffix(" is undefined").strip("'")) from None
    except (LiquidError, RecursionError, ArithmeticError, ValueError, TypeError) as problem:
        raise problem_of(problem, source, html) from None
