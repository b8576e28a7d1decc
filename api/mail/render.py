"""Dynamic fields: ``{{ first_name | default: "there" }}``, within limits that hold against hostile templates."""

from collections.abc import Mapping
from functools import lru_cache

from liquid import BoundTemplate, Environment, StrictDefaultUndefined
from liquid.exceptions import LiquidError, ResourceLimitError, UndefinedError

from api.mail.prompts import Prompted, restore
from api.mail.simple import Simple, simple
from api.mail.tags import prepare

BLANK_WHEN_UNKNOWN = ("first_name", "last_name", "title")
MAX_TEMPLATE = 200_000


class UnresolvedFieldError(Exception):
    """A dynamic field without a value: this one email must not go out."""

    def __init__(self, field: str) -> None:
        super().__init__(f"The dynamic field {field} has no value.")
        self.field = field


class TemplateProblem(Exception):  # noqa: N818 - told to the author as it is
    """A template that cannot be read or rendered, and why, in one sentence."""


class _Fallback(str):
    """A value that gives way to the ``default`` filter."""

    __slots__ = ()
    force_liquid_default = True


class _Limited(Environment):
    loop_iteration_limit = 1_000
    output_stream_limit = 500_000
    local_namespace_limit = 50_000
    context_depth_limit = 12

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Leave out the tags that load other templates: there are none to load."""
        super().setup_tags_and_filters(extra=extra)
        del self.tags["include"], self.tags["render"]


_TEXT = _Limited(undefined=StrictDefaultUndefined)
_HTML = _Limited(undefined=StrictDefaultUndefined, autoescape=True)


@lru_cache(maxsize=512)
def _parsed(source: str, html: bool) -> BoundTemplate:
    if len(source) > MAX_TEMPLATE:
        raise TemplateProblem(f"A template may have {MAX_TEMPLATE} characters; this has {len(source)}.")
    try:
        return (_HTML if html else _TEXT).from_string(prepare(source, html).text)
    except (LiquidError, RecursionError) as problem:
        raise TemplateProblem(_sentence(problem)) from None


def _sentence(problem: Exception) -> str:
    first = str(problem).strip().splitlines()
    return f"The template cannot be used: {first[0][:300] if first else type(problem).__name__}."


def check_template(source: str) -> None:
    """Check that a template can be read, knows its filters and keeps within the limits. Raises TemplateProblem."""
    parsed = _parsed(source, True)
    try:
        used = parsed.analyze(include_partials=False)
    except (LiquidError, RecursionError) as problem:
        raise TemplateProblem(_sentence(problem)) from None
    if unknown := sorted(set(used.filters) - set(parsed.env.filters)):
        raise TemplateProblem(f"The template cannot be used: there is no filter {unknown[0][:60]!r}.")
    try:
        parsed.render(dict.fromkeys(used.globals, "1"))
    except ResourceLimitError as problem:
        raise TemplateProblem(_sentence(problem)) from None
    except (LiquidError, RecursionError, ArithmeticError, ValueError, TypeError):
        return  # it may be well with a person's own values


@lru_cache(maxsize=512)
def fields_in(source: str) -> frozenset[str]:
    """Return the dynamic fields that a template names; of one that cannot be read, none."""
    try:
        return frozenset(_parsed(source, True).analyze(include_partials=False).globals)
    except (TemplateProblem, LiquidError, RecursionError):
        return frozenset()


@lru_cache(maxsize=512)
def _simple(source: str, html: bool) -> Simple | None:
    def missing(parsed: BoundTemplate) -> str | None:
        try:
            return _liquid(parsed, {})
        except UnresolvedFieldError:
            return None

    return simple(_parsed(source, html), html, missing)


def render(source: str, fields: Mapping[str, str], *, html: bool) -> str:
    """Render a template for one person, its field prompts as they are. See ``render_prompted``."""
    return render_prompted(source, fields, html=html).text


def render_prompted(source: str, fields: Mapping[str, str], *, html: bool, quoted: bool = False) -> Prompted:
    """Render a template for one person. Raises UnresolvedFieldError or TemplateProblem.

    ``quoted`` leaves out the field prompts.

    A name or title that is unknown is blank, an unknown company "your company"; any other field needs a value or
    a ``default``. Values are escaped in HTML only.
    """
    quick = _simple(source, html)
    said = quick.render(fields) if quick is not None else None
    if said is None:
        said = _liquid(_parsed(source, html), fields)
    return restore(said, prepare(source, html).prompts, quoted=quoted)


def _liquid(parsed: BoundTemplate, fields: Mapping[str, str]) -> str:
    known: dict[str, str] = {name: value for name, value in fields.items() if value.strip()}
    for name in BLANK_WHEN_UNKNOWN:
        known.setdefault(name, "")
    known.setdefault("company", _Fallback("your company"))
    try:
        return str(parsed.render(known))
    except UndefinedError as problem:
        raise UnresolvedFieldError(str(problem.message).removesuffix(" is undefined").strip("'")) from None
    except ResourceLimitError as problem:
        raise TemplateProblem(_sentence(problem)) from None
    except (LiquidError, RecursionError, ArithmeticError, ValueError, TypeError) as problem:
        raise TemplateProblem(_sentence(problem)) from None
