"""The kinds of rows that clients can follow."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from api.models import Launch, PeopleImport, Workspace

FollowedRow = Launch | PeopleImport | Workspace
"""The row that a client follows, as the client has it."""


@dataclass(frozen=True, slots=True)
class RowKind:
    """One kind of row."""

    model: Any
    state: Callable[[Any], Hashable]
    """Returns the values of a row whose change is sent to followers."""
    ends: bool
    """Whether rows of this kind end, after which they do not change."""

    def is_over(self, row: Any) -> bool:
        """Say whether a row has ended."""
        return self.ends and row.status.over

    async def rows(self, ids: Iterable[str]) -> dict[str, Any]:
        """Read rows by id."""
        return {row.id: row for row in await self.model.filter(id__in=sorted(set(ids)))}


LAUNCHES = RowKind(Launch, attrgetter("status", "total", "processed", "enrolled", "left_out"), ends=True)
IMPORTS = RowKind(PeopleImport, attrgetter("status", "processed", "problem"), ends=True)
CLOCKS = RowKind(Workspace, attrgetter("virtual_now"), ends=False)
KINDS = {kind.model: kind for kind in (LAUNCHES, IMPORTS, CLOCKS)}


def kind_of(row: FollowedRow) -> RowKind:
    """Return the kind of a row."""
    return KINDS[type(row)]
