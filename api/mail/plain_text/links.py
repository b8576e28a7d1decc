"""How a link reads in a text: ``text (https://…)``, or once where the text is the address itself."""

import re

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:")
_NOT_FOR_PEOPLE = frozenset({"javascript:", "vbscript:", "data:", "cid:", "blob:", "about:", "file:"})
_IGNORED = re.compile("[\x00-\x1f\x7f-\x9f\u200b\ufeff]")
_SPACES = re.compile(r"\s")
_TEL_PUNCTUATION = re.compile(r"[\s()./-]")


def readable_address(href: str) -> str:
    """Return the address that people may read; "" for a link to nowhere, within the email, or to a script."""
    address = _SPACES.sub("%20", _IGNORED.sub("", href).strip())
    scheme = _SCHEME.match(address.lower())
    if address.startswith("#") or (scheme and (scheme.group() in _NOT_FOR_PEOPLE or scheme.end() == len(address))):
        return ""
    return address


def link_text(address: str) -> str:
    """Return an address as it stands beside its text: ``mailto:`` and ``tel:`` are for programs."""
    lowered = address.lower()
    if lowered.startswith("tel:") or (lowered.startswith("mailto:") and "?" not in address):
        return address.partition(":")[2]
    return address


def collapsed_link(label: str, address: str) -> str | None:
    """Return what stands for a link whose text is its address; None for other links."""
    if address.lower().startswith("tel:"):
        return label if _TEL_PUNCTUATION.sub("", label) == _TEL_PUNCTUATION.sub("", address[4:]) else None
    if address.lower().startswith("mailto:"):
        return label if _bare(label) == _bare(address.partition("?")[0]) else None
    if _bare(label) != _bare(address):
        return None
    return label if "://" in label else address


def _bare(address: str) -> str:
    address = _SPACES.sub("", address).casefold()
    for scheme in ("https://", "http://", "mailto:"):
        address = address.removeprefix(scheme)
    return address.removeprefix("www.").rstrip("/")
