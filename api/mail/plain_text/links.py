"""How links are shown in the text part: ``text (https://…)``, or once if the text is the URL itself."""

import re

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:")
_HIDDEN_SCHEMES = frozenset({"javascript:", "vbscript:", "data:", "cid:", "blob:", "about:", "file:"})
_IGNORED = re.compile("[\x00-\x1f\x7f-\x9f\u200b\ufeff]")
_SPACES = re.compile(r"\s")
_TEL_PUNCTUATION = re.compile(r"[\s()./-]")


def target_url(href: str) -> str:
    """Return the URL of a link to show; "" for a link within the email, to a script, or without a target."""
    url = _SPACES.sub("%20", _IGNORED.sub("", href).strip())
    scheme = _SCHEME.match(url.lower())
    if url.startswith("#") or (scheme and (scheme.group() in _HIDDEN_SCHEMES or scheme.end() == len(url))):
        return ""
    return url


def shown_url(url: str) -> str:
    """Return a URL as it is shown: without ``mailto:`` and ``tel:``, which only programs need."""
    lowered = url.lower()
    if lowered.startswith("tel:") or (lowered.startswith("mailto:") and "?" not in url):
        return url.partition(":")[2]
    return url


def merged_link_text(label: str, url: str) -> str | None:
    """Return the one text to show for a link whose text is its URL; None for other links."""
    if url.lower().startswith("tel:"):
        return label if _TEL_PUNCTUATION.sub("", label) == _TEL_PUNCTUATION.sub("", url[4:]) else None
    if url.lower().startswith("mailto:"):
        return label if _normalized(label) == _normalized(url.partition("?")[0]) else None
    if _normalized(label) != _normalized(url):
        return None
    return label if "://" in label else url


def _normalized(url: str) -> str:
    url = _SPACES.sub("", url).casefold()
    for scheme in ("https://", "http://", "mailto:"):
        url = url.removeprefix(scheme)
    return url.removeprefix("www.").rstrip("/")
