"""The folders of the Command Center."""

from tortoise.queryset import QuerySet

from api.models import Send
from api.states import PENDING_STATUSES, UNDELIVERED_STATUSES, WAITING_STATUSES, SendStatus

FOLDERS: dict[str, dict[str, object]] = {
    "SENT": {"status": SendStatus.SENT},
    "DELIVERED": {"status": SendStatus.SENT, "archived": False},
    "ARCHIVED": {"status": SendStatus.SENT, "archived": True},
    "PENDING": {"status__in": PENDING_STATUSES},
    "SCHEDULED": {"status__in": WAITING_STATUSES},
    "IN_PROGRESS": {"status__in": (SendStatus.CLAIMED, SendStatus.TRANSMITTING)},
    "UNDELIVERED": {"status__in": UNDELIVERED_STATUSES},
    "FAILED": {"status": SendStatus.FAILED},
    "BOUNCED": {"status": SendStatus.BOUNCED},
    "IN_DOUBT": {"status": SendStatus.IN_DOUBT},
}


def emails_in_folder(workspace_id: str, folder: str | None) -> QuerySet[Send]:
    """Return the workspace's emails, of one folder or of all."""
    return Send.filter(workspace_id=workspace_id, **(FOLDERS[folder] if folder else {}))
