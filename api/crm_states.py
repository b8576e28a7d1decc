"""The enums of CRM connections and their settings."""

from enum import StrEnum

from plugins.crms import people_and_activities as crm_people


class CrmState(StrEnum):
    """Whether a connection to a CRM works."""

    CONNECTED = "CONNECTED"
    FAILING = "FAILING"
    RECONNECT = "RECONNECT"
    PAUSED = "PAUSED"
    DISCONNECTED = "DISCONNECTED"


class CrmSkippedTask(StrEnum):
    """What happens to a task in the CRM when it is skipped here."""

    COMPLETED = "COMPLETED"
    LEFT = "LEFT"


CrmPersonKind = crm_people.PersonKind


class CrmDuplicates(StrEnum):
    """Which record is used if several in the CRM have the person's address."""

    SKIP = "SKIP"
    OLDEST = "OLDEST"
    LAST_CHANGED = "LAST_CHANGED"


class CrmNoMatch(StrEnum):
    """What happens if no record in the CRM has the person's address."""

    SKIP = "SKIP"
    CREATE_LEAD = "CREATE_LEAD"


class CrmWaitingChanges(StrEnum):
    """What happens to the changes that wait for the CRM when it is disconnected."""

    KEEP = "KEEP"
    DROP = "DROP"
