"""Company names as people say them: without their legal form."""

from functools import lru_cache

LEGAL_FORMS = frozenset({
    "inc", "incorporated", "corp", "corporation", "co", "llc", "llp", "lp", "ltd", "limited", "plc", "pty", "pte",
    "pvt", "gmbh", "ggmbh", "mbh", "ohg", "ug", "ev", "srl", "spa", "sarl", "sas", "sàrl", "kft", "zrt", "sro", "oyj",
    "aps", "bvba",
})  # fmt: skip
"""Legal forms in lower case, without dots."""
SHORT_LEGAL_FORMS = frozenset({"AG", "KG", "SE", "SA", "AB", "AS", "A/S", "NV", "BV", "OY", "Oy", "SL", "KGaA"})
"""Legal forms that count only in this case, because in another case they are words of names. Without dots."""


@lru_cache(maxsize=4_096)
def friendly_company(company: str) -> str:
    """Return a company's name without its legal form: ``Engines`` for ``Engines, Inc.``."""
    name = company.strip()
    while True:
        head, separator, last = name.rpartition("," if "," in name.rpartition(" ")[2].rstrip(",") else " ")
        form = last.strip(",").replace(".", "")
        if not separator or not (form in SHORT_LEGAL_FORMS or form.lower() in LEGAL_FORMS or form == "&"):
            return name
        shorter = head.rstrip(" ,&")
        if not shorter or shorter.lower() == "the":
            return name
        name = shorter
