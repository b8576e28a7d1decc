"""Refusals about templates."""

from strategies.codes import Code, code


class TemplateCode(Code):
    """Refusals about templates."""

    CATEGORY_EXISTS = code(
        "A category named {name!r} already exists. Use it, or choose another name.",
        when="A category with this name exists already.",
        do="Use that category, or choose another name.",
    )
    CATEGORY_NOT_EMPTY = code(
        (
            "This category is not empty. Templates: {templates}, campaigns: {campaigns} (archived ones included). Move "
            "them to another category first."
        ),
        when="A category that has templates or campaigns cannot be deleted.",
        do="Move them with `updateTemplate` and `updateCampaign`, which take a `categoryId`.",
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
    PREVIEW_CONTENT = code(
        "Give one of `templateId`, `stepId` and `html`.",
        text="`text` belongs to `html`. Give both, or leave `text` out.",
        no_email="Step {number} is not an email. Choose a step with an email.",
        when="A preview or a test email was given no content, more than one, or a step that is not an email.",
        do="Give the template, the step, or the HTML of the email, and only one of them.",
    )
    TEMPLATE_ARCHIVED = code(
        "This template is archived. Take it out of the archive first (`archiveTemplate` with `archived: false`).",
        email="This template is archived, so no new email can use it. Choose another template.",
        step="This template is archived, so no further step can use it. Choose another template.",
        when="The template is archived: it cannot be changed, and no further step and no one-off email can use it.",
        do="Call `archiveTemplate` with `archived: false`, or choose another template.",
    )
    TEMPLATE_LIMIT = code(
        "The template cannot be used: {fault} (line {line}, column {column}).",
        characters="A template can have up to {limit:,} characters; this has {length:,}.",
        html="HTML can have up to {limit:,} {unit}; this has more (line {line}, column {column}).",
        html_element=(
            "HTML with {element}> can have up to {limit:,} elements; this has more (line {line}, column {column})."
        ),
        work="This template needs too much time or memory. {fault} Simplify its loops, filters and HTML.",
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
    TEMPLATE_USED = code(
        (
            "Steps that use this template: {steps}, in {campaigns}. Give them other content, or archive the template "
            "instead."
        ),
        meanwhile="Another request has just used this template. Archive it instead.",
        sent="Emails were sent from this template, so it cannot be deleted. Archive it instead (`archiveTemplate`).",
        when="A template that a step uses, or from which an email was sent, cannot be deleted.",
        do="`Template.usedBy` lists the steps. Or call `archiveTemplate`.",
    )
    TOO_BUSY = code(
        "Too many templates of this workspace are being processed. Try again in a moment.",
        dispatch="Too many templates are being rendered at the moment. This email is rendered in a few seconds.",
        when="500 checks or renderings of this workspace's templates are waiting, or 2,000 of all workspaces.",
        do="Try again in a moment.",
    )
