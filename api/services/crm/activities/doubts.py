"""Find activities that the CRM may have logged, although their record is not known here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from api.services.crm.activities.items import Item
from api.services.crm.organization import CrmOrg
from plugins.crms.access import CrmCapabilities
from plugins.crms.contract import CrmSession
from plugins.crms.people_and_activities import ActivityPush

LOOK_AFTER_RESTORE = timedelta(days=30)
"""For how long after a restored backup was made the CRM is searched before an activity is first logged."""


@dataclass(frozen=True, slots=True)
class Doubts:
    """Searches the CRM for activities whose answer was lost, or that a restored backup does not know."""

    org: CrmOrg
    session: CrmSession
    capabilities: CrmCapabilities

    def is_unique(self, item: Item) -> bool:
        """Say whether the CRM refuses a second record.

        An email that can be an email object is not unique, even if the setting ``email_objects`` has changed since.
        """
        return self.capabilities.marker_is_unique and not self._may_be_email(item)

    def _may_be_email(self, item: Item) -> bool:
        return item.logged.email is not None and self.capabilities.email_objects

    def _since(self, item: Item, now: datetime) -> datetime | None:
        """Return since when the CRM can have an unknown record; None if it has none, or would refuse a second one."""
        if not item.is_new:
            return None
        restored = self.org.connection.restored_as_of
        if restored is not None and (self.is_unique(item) or now > restored + LOOK_AFTER_RESTORE):
            restored = None
        tried = None if item.row is None else item.row.tried_at
        return min((each for each in (tried, restored) if each is not None), default=None)

    async def found(
        self, items: Sequence[Item], pushes: Mapping[str, ActivityPush], now: datetime
    ) -> Mapping[str, str]:
        """Return the ids of records in the CRM, by marker. Raises CrmError."""
        asked: dict[str, ActivityPush] = {}
        times: list[datetime] = []
        for item in items:
            since = self._since(item, now)
            if since is not None:
                push = pushes[item.logged.subject_id]
                asked[push.marker] = replace(push, email=item.logged.email if self._may_be_email(item) else None)
                times.append(since)
        if not asked:
            return {}
        return await self.session.find_activities(asked, min(times) + self.session.clock_skew - timedelta(minutes=1))
