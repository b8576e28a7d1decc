"""One activity on its way to the CRM, and the counts of what was written."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from api.models import CrmActivity
from api.services.crm.activities.logged import Logged
from api.store.crm.changes import Change
from api.store.crm.tasks_of_calls import RemoteCall


@dataclass(slots=True)
class PushCounts:
    """Counts of one push to the CRM."""

    logged: int = 0
    """Activities that were logged."""
    changed: int = 0
    """Records whose fields were changed."""
    skipped: int = 0
    """Activities of people who have no record in the CRM."""
    failed: dict[str, int] = field(default_factory=dict)
    """Failed writes by category."""


@dataclass(frozen=True, slots=True)
class Item:
    """One activity: its change, its content, and its record in the CRM."""

    change: Change
    logged: Logged
    row: CrmActivity | None
    call: RemoteCall | None
    """The record of the synced task of a call."""

    @property
    def marker(self) -> str:
        """Touchline's id of the activity in the CRM, as it was first written. A synced task has another marker."""
        return self.row.marker if self.row is not None else f"log-{self.logged.key or self.logged.subject_id}"

    @property
    def remote_id(self) -> str | None:
        """The id of the record in the CRM; None if there is none yet."""
        if self.row is not None and self.row.remote_id is not None:
            return str(self.row.remote_id)
        return None if self.call is None else self.call.remote_id

    @property
    def is_new(self) -> bool:
        """Whether the CRM has no record of it yet."""
        return self.remote_id is None

    @property
    def written(self) -> Mapping[str, str | bool]:
        """The custom fields as the CRM has them."""
        return self.row.written if self.row is not None and self.row.remote_id is not None else {}
