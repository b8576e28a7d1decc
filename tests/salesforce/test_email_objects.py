"""Emails are logged as Email Messages in the local Salesforce: each once, with its people and its task."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from api.crm_task_states import CrmChangeKind
from api.models import CrmActivity, CrmUser
from api.services.crm.activities.pushing import ActivityPusher
from api.services.replies.replies import record_reply
from api.store.crm import changes
from api.store.dispatch.backup_recovery import note_in_connections
from plugins.crms.errors import CrmError
from plugins.crms.salesforce.session import SalesforceSession
from tests.plugins.crms.salesforce.connecting import LIMITS, connected
from tests.salesforce.faults import FaultKind
from tests.salesforce.org import Org
from tests.salesforce.server import SalesforceServer
from tests.services.crm.connected import DOUBT, LATER, Connected, connect

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.parametrize("database_kind", ["sqlite"])]
MINUTE = timedelta(minutes=1)


@dataclass
class Both:
    """A workspace whose first emails are sent, and an org with Enhanced Email in which ada and bob are known."""

    world: Connected
    org: Org
    server: SalesforceServer
    session: SalesforceSession
    people: dict[str, str]
    account: str

    async def log(self, later: timedelta = timedelta(0)) -> None:
        """Write the activities that are due to the CRM, until none is left."""
        self.org.clock.at = LATER + later
        while due := await changes.due(self.world.org.workspace_id, CrmChangeKind.ACTIVITY, LATER + later, 200):
            pusher = ActivityPusher(self.world.org, self.session, await self.session.describe())
            await pusher.push(due, LATER + later)

    def emails(self) -> dict[str, dict[str, Any]]:
        """Return the emails of the org by Message-ID. Each is there once."""
        rows = self.org.records("EmailMessage")
        found = {row["MessageIdentifier"]: row for row in rows}
        assert len(found) == len(rows)
        return found


@asynccontextmanager
async def both(*, external_id: bool = True, email_objects: bool = True) -> AsyncIterator[Both]:
    world = await connect(email_objects=email_objects)
    await world.world.tick()
    org = Org(external_id=external_id, activity_fields=True, enhanced_email=True)
    org.clock.at = LATER
    account = org.create("Account", {"Name": "Acme"})
    ada = org.create("Contact", {"LastName": "Lovelace", "Email": "ada@example.com", "AccountId": account})
    bob = org.create("Lead", {"LastName": "Byron", "Company": "Acme", "Email": "bob@example.com"})
    await CrmUser.all().update(user_id=org.admin)
    async with SalesforceServer(org).running() as server, connected(server, LIMITS) as (session, _):
        yield Both(world, org, server, session, {"ada": ada, "bob": bob}, account)


async def test_an_email_becomes_an_email_message_with_its_people_and_its_task() -> None:
    async with both() as found:
        ada, bob = await found.world.email(), await found.world.email("bob")
        await found.log()
        emails = found.emails()
        assert set(emails) == {ada.message_id, bob.message_id}
        email = emails[str(ada.message_id)]
        assert (email["Status"], email["Incoming"], email["ToIds"]) == ("3", False, [found.people["ada"]])
        assert (email["RelatedToId"], email["Subject"]) == (found.account, "Email: Hi you")
        assert emails[str(bob.message_id)]["RelatedToId"] is None
        assert str(email["TextBody"]).startswith("x")
        relations = [row for row in found.org.records("EmailMessageRelation") if row["EmailMessageId"] == email["Id"]]
        assert {(row["RelationType"], row["RelationId"], row["RelationAddress"]) for row in relations} == {
            ("ToAddress", found.people["ada"], "ada@example.com"),
            ("FromAddress", None, email["FromAddress"]),
        }
        # Salesforce made the tasks. The custom fields are there, as the email itself cannot change any more.
        tasks = {row["Id"]: row for row in found.org.records("Task")}
        assert len(tasks) == 2
        task = tasks[email["ActivityId"]]
        assert (task["Status"], task["TaskSubtype"], task["WhatId"]) == ("Completed", "Email", found.account)
        assert (task["WhoId"], task["MSE_Campaign__c"], task["MSE_Replied__c"]) == (found.people["ada"], "C", False)
        await record_reply(found.world.world.context, str(ada.enrollment_id), text="Yes.")
        used = found.server.api_used
        await found.log(MINUTE)
        await found.log(MINUTE * 2)
        assert found.server.api_used - used <= 8
        assert found.emails() == emails
        tasks = {row["Id"]: row for row in found.org.records("Task")}
        assert (len(tasks), tasks[email["ActivityId"]]["MSE_Replied__c"]) == (3, True)
        (reply,) = [row for row in tasks.values() if row["Touchline_Id__c"]]
        assert (reply["WhoId"], reply["Description"], reply["MSE_Campaign__c"]) == (found.people["ada"], "Yes.", "C")
        assert await found.world.waiting() == {}


@pytest.mark.parametrize("external_id", [True, False])
@pytest.mark.parametrize("switched", [True, False])
@pytest.mark.parametrize("fault", [FaultKind.DROP_AFTER, FaultKind.DROP_BEFORE])
async def test_a_lost_answer_makes_no_second_email(fault: FaultKind, switched: bool, external_id: bool) -> None:
    async with both(external_id=external_id) as found:
        found.server.faults.add(fault, on="collection_create")
        with pytest.raises(CrmError):
            await found.log()
        await found.log(MINUTE * 5)
        there = fault is not FaultKind.DROP_BEFORE
        assert len(found.emails()) == (2 if there else 0)
        # Another setting does not forget what was sent under the first.
        found.world.org.settings.email_objects = not switched
        await found.log(DOUBT + MINUTE)
        await found.log(DOUBT + MINUTE * 60)
        assert len(found.emails()) == (2 if there or not switched else 0)
        assert len(found.org.records("Task")) == 2
        assert {row["MSE_Campaign__c"] for row in found.org.records("Task")} == {"C"}
        assert await found.world.waiting() == {}
        assert await CrmActivity.filter(remote_id=None).count() == 0


@pytest.mark.parametrize(("external_id", "email_objects"), [(True, True), (False, True), (False, False)])
async def test_a_restored_backup_logs_nothing_a_second_time(external_id: bool, email_objects: bool) -> None:
    async with both(external_id=external_id, email_objects=email_objects) as found:
        waiting = await changes.due(found.world.org.workspace_id, CrmChangeKind.ACTIVITY, LATER, 200)
        ids = [each.object_id for each in waiting]
        await found.log()
        before = {name: found.org.records(name) for name in ("Task", "EmailMessage")}
        # The backup was made before the emails were logged.
        await CrmActivity.all().delete()
        await changes.add(found.world.org.workspace_id, CrmChangeKind.ACTIVITY, ids, LATER + MINUTE)
        await note_in_connections(LATER - MINUTE)
        await found.world.org.connection.refresh_from_db()
        await found.log(MINUTE * 3)
        assert {name: len(found.org.records(name)) for name in before} == {
            name: len(rows) for name, rows in before.items()
        }
        assert (await CrmActivity.filter(remote_id__isnull=False).count(), await found.world.waiting()) == (2, {})
