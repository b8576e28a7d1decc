"""A workspace that is connected with a CRM in memory."""

from datetime import timedelta
from typing import Any

from api.crm_task_states import CrmChangeKind
from api.ids import new_id
from api.models import CrmChange, CrmConnection, CrmPerson, CrmSettings, CrmUser, Person, Send
from api.services.crm.activities.pushing import ActivityPusher
from api.services.crm.organization import CrmOrg
from api.store.crm import changes
from tests.services.crm.memory_crm import MemoryCrm
from tests.services.world import NOW, World, make_world

DOUBT = timedelta(minutes=11)
LATER = NOW + timedelta(days=40_000)
"""After all times of the database's own clock."""


class Connected:
    """A world with two people, ada and bob, its CRM, and its settings."""

    def __init__(self, world: World, crm: MemoryCrm, org: CrmOrg) -> None:
        self.world = world
        self.crm = crm
        self.org = org

    async def due(self, kind: CrmChangeKind, now: Any = LATER) -> list[changes.Change]:
        return await changes.due(self.org.workspace_id, kind, now, 200)

    async def log(self, now: Any = LATER) -> ActivityPusher:
        """Log what waits."""
        pusher = ActivityPusher(self.org, self.crm, self.crm.capabilities)
        await pusher.push(await self.due(CrmChangeKind.ACTIVITY, now), now)
        return pusher

    async def person(self, name: str = "ada") -> Person:
        return await Person.get(workspace_id=self.org.workspace_id, email=f"{name}@example.com")

    async def link(self, name: str = "ada") -> CrmPerson | None:
        return await CrmPerson.get_or_none(person_id=(await self.person(name)).id)

    async def email(self, name: str = "ada") -> Send:
        person = await self.person(name)
        found = await Send.filter(person_id=person.id, status="SENT").first()
        assert found is not None
        return found

    async def waiting(self) -> dict[str, str]:
        """Return what waits or has failed, by id, with the code."""
        return {row.id: row.code for row in await CrmChange.all().order_by("id")}


async def connect(people: int = 2, **settings: Any) -> Connected:
    """Return a connected workspace, whose first emails are due now."""
    world = await make_world(people)
    about = {"workspace_id": world.context.workspace_id, "crm": "memory"}
    connection = await CrmConnection.create(
        id=new_id("crc"), way="token", state="CONNECTED", org_id="ORG", created_at=NOW, connected_at=NOW, **about
    )
    logs = {"log_emails": True, "log_replies": True, "log_calls": True}
    row = await CrmSettings.create(
        id=new_id("crs"), subject_pattern="{{activity_type}}: {{activity_subject}}", **{**logs, **about, **settings}
    )
    sender = (await world.send()).sender_id
    await CrmUser.create(id=new_id("cru"), sender_id=sender, org_id="ORG", user_id="USER", **about)
    return Connected(world, MemoryCrm(), CrmOrg(world.context, connection, row, "Memory", DOUBT))
