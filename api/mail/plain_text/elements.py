"""What HTML elements do to a text."""

VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
"""Elements without an end tag."""
PARAGRAPHS = frozenset(
    {
        "p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "listing", "ul", "ol", "menu", "dir", "dl",
        "figure", "fieldset", "hr",
    }
)  # fmt: skip
"""Elements with a blank line around them."""
BLOCKS = PARAGRAPHS | {
    "address", "article", "aside", "body", "caption", "center", "dd", "details", "dialog", "div", "dt", "figcaption",
    "footer", "form", "header", "hgroup", "html", "legend", "li", "main", "nav", "optgroup", "option", "search",
    "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
}  # fmt: skip
"""Elements that begin a line and end one."""
LISTS = frozenset({"ul", "ol", "menu", "dir"})
CELLS = frozenset({"td", "th"})
PREFORMATTED = frozenset({"pre", "listing"})
NEVER_SHOWN = frozenset(
    {
        "script", "style", "title", "iframe", "noembed", "noframes", "noscript", "template", "datalist", "svg", "math",
        "audio", "video", "canvas", "object", "select", "textarea", "xmp",
    }
)  # fmt: skip
"""Elements that an email program does not show, or that the HTML part loses with their content."""
ENDS_BY_ITSELF = {
    "li": frozenset({"li"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
    "option": frozenset({"option"}),
    "optgroup": frozenset({"option", "optgroup"}),
    "td": frozenset({"td", "th", "caption"}),
    "th": frozenset({"td", "th", "caption"}),
    "tr": frozenset({"tr", "td", "th", "caption"}),
    "tbody": frozenset({"tbody", "thead", "tfoot", "tr", "td", "th", "caption"}),
    "thead": frozenset({"tbody", "thead", "tfoot", "tr", "td", "th", "caption"}),
    "tfoot": frozenset({"tbody", "thead", "tfoot", "tr", "td", "th", "caption"}),
}
"""Which open elements end where another one starts."""
