"""The error of a request to a CRM, or of one record of a request."""

import math
from datetime import datetime

from plugins.crms.checks import MAX_NAME_CHARACTERS, storable
from plugins.crms.codes import CrmCategory, CrmCode
from plugins.instants import storable_instant

MAX_DETAIL_CHARACTERS = 1_000
"""Longer details of an error are cut."""
MAX_RETRY_SECONDS = 10**9
"""A longer wait counts as this one."""
WHOLE_CONNECTION = frozenset({CrmCode.API_SHARE_USED, CrmCode.REQUEST_LIMIT_EXCEEDED, CrmCode.UNREACHABLE})
"""Temporary failures of every request, and not of one record."""


class CrmError(Exception):
    """Why a request to a CRM, or the write of one record, failed. Raise it, or put it into a ``WriteResult``.

    ``in_doubt`` says that the CRM may have carried out the write, such as when the connection broke before the answer.
    Touchline then checks whether the CRM has the record before it writes again. Set it only if the request was sent.

    ``retry_after`` is when the CRM accepts requests again, as its header Retry-After says: in how many seconds, or at
    an instant with a time zone. The sync does not call the CRM before, but waits for an hour at most. It counts for
    errors that a method raises, and for those in a ``WriteResult`` that concern the whole connection (``stops_all``).
    """

    def __init__(
        self,
        code: CrmCode,
        detail: str = "",
        *,
        name: str = "",
        in_doubt: bool = False,
        retry_after: float | datetime | None = None,
    ) -> None:
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
        self.retry_after = _plain_time(retry_after)
        """In how many seconds, or when, the CRM accepts requests again. None if it does not say."""

    @property
    def category(self) -> CrmCategory:
        """What kind of failure it is."""
        return self.code.category

    @property
    def stops_all(self) -> bool:
        """Whether it concerns every request of the connection, so that the next one would fail as well."""
        if self.category is CrmCategory.AUTHENTICATION:
            return self.code is not CrmCode.OWN_LOGIN_LOST
        return self.code in WHOLE_CONNECTION


def _plain_time(value: float | datetime | None) -> float | datetime | None:
    """Return seconds or an instant that can be calculated with. Raises TypeError or ValueError for others."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return storable_instant("retry_after", value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"retry_after is a {type(value).__name__}, not seconds or a datetime")
    seconds = float(min(value, MAX_RETRY_SECONDS))
    if math.isnan(seconds):
        raise ValueError("retry_after is not a number")
    return max(seconds, 0.0)
