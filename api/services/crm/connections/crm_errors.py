"""Errors of a CRM as refusals and as sentences."""

from api.codes.crm.connections import CrmConnectionCode
from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from strategies import Refusal

WAITS_BY_ITSELF = "Nothing. Touchline tries again."
"""The remedy of a temporary failure of a job."""


def code_of(error: CrmError) -> str:
    """Return the documented code of an error: Touchline's own, or that of the CRM's error."""
    return error.name if error.name in set(CrmConnectionCode) else error.code.value


def detail_of(error: CrmError) -> str:
    """Return the CRM's message, with its own name of the error."""
    is_own = error.name in {error.code.value, code_of(error)}
    return error.detail if is_own else f"{error.name}: {error.detail}".removesuffix(": ")


def refusal_of(error: CrmError, path: tuple[str, ...] = ()) -> Refusal:
    """Return an error of a CRM as a refusal: its code, its meaning, the CRM's message, and the remedy."""
    detail = detail_of(error)
    speaker = "" if error.code is CrmCode.PLUGIN_FAILED else "The CRM says: "
    said = f" {speaker}{detail.rstrip('.')}." if detail else ""
    do = error.code.do
    if do.startswith(WAITS_BY_ITSELF):  # a request of a user is not repeated, unlike a job
        do = f"Try again later.{do.removeprefix(WAITS_BY_ITSELF)}"
    return Refusal(code_of(error), f"{error.code.sentence}{said} {do}".strip(), path)


def remedy(code: str) -> tuple[str, str]:
    """Return the sentence and the remedy of a stored code."""
    for member in CrmConnectionCode:
        if member.value == code:
            return member.when, member.do
    found = CrmCode.of(code)
    return found.sentence, found.do
