"""The error of a request to a CRM, or of one record of a request."""

from plugins.crms.checks import MAX_NAME_CHARACTERS, storable
from plugins.crms.codes import CrmCategory, CrmCode

MAX_DETAIL_CHARACTERS = 1_000
"""Longer details of an error are cut."""


class CrmError(Exception):
    """Why a request to a CRM, or the write of one record, failed. Raise it, or put it into a ``WriteResult``.

    ``in_doubt`` says that the CRM may have carried out the write, such as when the connection broke before the answer.
    Touchline then checks whether the CRM has the record before it writes again. Set it only if the request was sent.
    """

    def __init__(self, code: CrmCode, detail: str = "", *, name: str = "", in_doubt: bool = False) -> None:
        if not isinstance(code, CrmCode):
            raise TypeError(f"the code of an error is a {type(code).__name__}, not a CrmCode")
        detail = storable(detail)[:MAX_DETAIL_CHARACTERS]
        super().__init__(f"{code}: {detail}" if detail else str(code))
        self.code = code
        self.detail = detail
        """What the CRM said, without secrets. Up to 1,000 characters."""
        self.name = storable(name)[:MAX_NAME_CHARACTERS] or code.value
        """The CRM's own name for the error, if no code has this name, such as "APEX_ERROR". Up to 64 characters."""
        self.in_doubt = in_doubt

    @property
    def category(self) -> CrmCategory:
        """What kind of failure it is."""
        return self.code.category
