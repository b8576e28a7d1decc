"""How each HTML element is shown as text."""

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
"""Elements that start on a new line and end their line."""
LISTS = frozenset({"ul", "ol", "menu", "dir"})
CELLS = frozenset({"td", "th"})
PREFORMATTED = frozenset({"pre", "listing"})
NOT_RENDERED = frozenset(
    {
        "script", "style", "title", "iframe", "noembed", "noframes", "noscript", "template", "datalist", "svg", "math",
        "audio", "video", "canvas", "object", "select", "textarea", "xmp",
    }
)  # fmt: skip
"""Elements that email clients do not show, or that the sanitizer removes with their content."""
IMPLIED_END_TAGS = {
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
"""For each start tag, the open elements that it closes: HTML allows their end tags to be omitted."""
