"""Refusals about templates."""

from strategies.codes import Code, code


class TemplateCode(Code):
    """Refusals about templates."""

    CATEGORY_EXISTS = code(
        "A category {name!r} exists already.",
        when="There is a category of this name.",
        do="Use it.",
    )
    INVALID_TEMPLATE = code(
        when=(
            "The template's dynamic fields or tags cannot be read, a filter or tag is unknown, or what they make "
            "cannot be rendered."
        ),
        do="The message says what, with line and column.",
    )
    TEMPLATE_LIMIT = code(
        "{problem}",
        when=(
            "A template, or the HTML of an email, has too much of something (characters, tags, elements, nesting, "
            "CSS), or takes more computing time (0.5 s as it is saved, 0.8 s for each email), memory (256 MB) or "
            "output (32 MB) than it may. Also the reason of a failed email, which is not tried again by itself."
        ),
        do=(
            "The message names the limit, with line and column. [templates.md](templates.md) lists the limits. "
            "Simplify its loops, filters and HTML."
        ),
    )
    TOO_BUSY = code(
        "Too many templates of this workspace are being processed. Try again in a moment.",
        when="500 checks or renderings of this workspace's templates wait already, or 2,000 of all.",
        do="Try again in a moment.",
    )
