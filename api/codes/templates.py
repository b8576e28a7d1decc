"""Refusals about templates."""

from strategies.codes import Code, code


class TemplateCode(Code):
    """Refusals about templates."""

    CATEGORY_EXISTS = code(
        "A category named {name!r} already exists. Use it, or choose another name.",
        when="A category with this name exists already.",
        do="Use that category, or choose another name.",
    )
    INVALID_TEMPLATE = code(
        "The template cannot be used: {fault} (line {line}, column {column}).",
        other_part="The other part of this email cannot be rendered. Give both subject and html. {fault}",
        subject="The subject cannot be used: {fault}",
        when=(
            "The template's dynamic fields or tags have a syntax error, a filter or tag is unknown, or the template "
            "cannot be rendered."
        ),
        do="Read the message, which names the fault with its line and column.",
    )
    TEMPLATE_LIMIT = code(
        "The template cannot be used: {fault} (line {line}, column {column}).",
        characters="A template can have up to {limit:,} characters; this has {length:,}.",
        html="HTML can have up to {limit:,} {unit}; this has more (line {line}, column {column}).",
        html_element=(
            "HTML with {element}> can have up to {limit:,} elements; this has more (line {line}, column {column})."
        ),
        work="This template is too much work. {fault} Simplify its loops, filters and HTML.",
        when=(
            "A template, or the HTML of an email, exceeds a limit: of characters, tags, elements, nesting or CSS, of "
            "computing time (0.5 s when it is saved, 0.8 s for each email), of memory (256 MB) or of output (32 MB). "
            "Also the reason of a failed email, which is not tried again automatically."
        ),
        do=(
            "The message names the limit, with line and column. [templates.md](templates.md) lists the limits. "
            "Simplify its loops, filters and HTML."
        ),
    )
    TOO_BUSY = code(
        "Too many templates of this workspace are being processed. Try again in a moment.",
        dispatch="Too many templates are being rendered at the moment. This email is rendered in a few seconds.",
        when="500 checks or renderings of this workspace's templates are waiting, or 2,000 of all workspaces.",
        do="Try again in a moment.",
    )
