"""The organization in a CRM with which a workspace is connected, as the jobs of the CRM use it."""

from dataclasses import dataclass
from datetime import timedelta

from api.models import CrmConnection, CrmSettings
from api.services.common.request_context import WorkspaceContext
from api.services.crm.connections.settings import settings_of


@dataclass(frozen=True, slots=True)
class CrmOrg:
    """The organization, the workspace's settings, and the workspace."""

    context: WorkspaceContext
    connection: CrmConnection
    settings: CrmSettings
    label: str
    """The name of the CRM that users read, such as "Salesforce"."""
    doubt: timedelta
    """How long the CRM can still carry out a write whose answer was lost."""

    @property
    def workspace_id(self) -> str:
        """The id of the workspace."""
        return self.context.workspace_id

    @property
    def key(self) -> str:
        """The key of the CRM and the id of the organization. Records are stored with it."""
        return org_key(self.connection)


def org_key(connection: CrmConnection) -> str:
    """Return the key of the CRM and the id of its organization. Ids of other organizations name other records."""
    return f"{connection.crm}:{connection.org_id}"


async def org_of(context: WorkspaceContext, connection: CrmConnection) -> CrmOrg:
    """Return the organization of a connection."""
    crm = context.installed.crms.get(connection.crm)
    label = crm.labels["en"] if crm is not None else connection.crm
    doubt = timedelta(seconds=0 if crm is None else crm.doubt_seconds)
    return CrmOrg(context, connection, await settings_of(context.workspace_id, connection.crm), label, doubt)
