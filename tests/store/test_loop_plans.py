"""Every statement of the tick loop, of monitoring and of changes for one row finds its rows by an index.

So neither depends on how many emails wait, were sent, or belong to others.
"""

import re
from datetime import timedelta

import pytest

from api.clock import system_clock
from api.models import Enrollment, Send, Workspace
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.dispatch.dispatcher import run_once
from api.services.dispatch.recovery.expired_leases import recover_expired
from api.states import SendStatus
from api.store import jobs
from api.store.campaigns import holds, missing_options
from api.store.dispatch import allowed_time_rows, backlog, send_history, throttles, transmissions
from api.store.dispatch.allowed_time_rows import Wait
from api.store.dispatch.claimed_email import ClaimedEmail
from api.store.emails import emails as stored_emails
from api.store.enrollments import fact_changes
from benchmarks.lists import client_of
from benchmarks.populated import Size, populate, refresh_statistics
from plugins.loading.manager import load
from tests.store.plans import problems, recorded


@pytest.fixture
async def runtime(database: str) -> DispatchRuntime:
    """A runtime beside 20,000 emails, of which some are due, claimed or being sent."""
    await populate(Size(20_000), "a")
    now = system_clock()
    waiting = [row.id for row in await Send.filter(status=SendStatus.SCHEDULED).limit(60)]
    claim = {"status": SendStatus.CLAIMED, "attempt_id": "att_1", "lease_until": now - timedelta(minutes=5)}
    await Send.filter(id__in=waiting[:30]).update(due_at=now - timedelta(seconds=5))
    await Send.filter(id__in=waiting[30:40]).update(**claim)
    await Send.filter(id__in=waiting[40:50]).update(**claim | {"status": SendStatus.TRANSMITTING})
    await refresh_statistics()
    return DispatchRuntime(load({}), system_clock, lambda person: None, lambda: None)


async def test_a_pass_of_the_dispatcher(runtime: DispatchRuntime, caplog: pytest.LogCaptureFixture) -> None:
    with recorded(caplog) as statements:
        counts = await run_once(runtime, system_clock())
    assert sum(counts.by_outcome.values()) >= 30
    # Emails of the built-in send options can be sent at any time, so nothing is read about it.
    assert not any("allowed_times " in statement for statement in statements)
    assert await problems(statements, sorts=False) == set()


async def test_a_recovery_without_emails_is_one_read(database: str, caplog: pytest.LogCaptureFixture) -> None:
    """It runs twice a second. Updates that find nothing would cost a trigger each, and on SQLite they would wait."""
    await populate(Size(500), "a")
    await Send.filter(status=SendStatus.SCHEDULED).update(due_at=system_clock() - timedelta(hours=1))
    with recorded(caplog) as statements:
        assert await recover_expired(system_clock()) == ([], 0)
    assert [statement.split()[0] for statement in statements] == ["SELECT"]


async def test_monitoring(runtime: DispatchRuntime, caplog: pytest.LogCaptureFixture) -> None:
    with recorded(caplog) as statements:
        await backlog.backlog_numbers(system_clock())
        await jobs.job_numbers(system_clock())
        await throttles.delete_old_slots(system_clock())
        await stored_emails.merge_counts()
        await allowed_time_rows.delete_unused(system_clock().date())
        claimed = ClaimedEmail(*[""] * 13, 0, system_clock(), None)
        await allowed_time_rows.postpone([Wait(claimed, system_clock(), None, "", None, [])])
    assert await problems(statements, sorts=False) == set()


async def test_changes_of_facts(runtime: DispatchRuntime, caplog: pytest.LogCaptureFixture) -> None:
    """A person's change, the rounds of its job, and the check before a transmission find few rows by their keys."""
    workspace = await Workspace.get()
    enrollment = await Enrollment.filter(ended_at=None).first()
    assert enrollment is not None
    email = ClaimedEmail(*[""] * 13, 0, system_clock(), None)
    with recorded(caplog) as statements:
        assert await fact_changes.mark_changed([enrollment.person_id], ["at_time", "same_time_as_previous"])
        assert await fact_changes.workspaces_to_recalculate() == [workspace.id]
        assert await fact_changes.campaigns_to_recalculate(workspace.id) == [enrollment.campaign_id]
        assert await fact_changes.has_marked(enrollment.campaign_id)
        await fact_changes.mark_newcomers(enrollment.campaign_id, [enrollment.person_id])
        await transmissions.begin_transmission([(email, "<m>")], system_clock())
        await holds.release_all(enrollment.campaign_id)
        await holds.close(enrollment.campaign_id, "none")
        await fact_changes.give_up(enrollment.campaign_id)
        await missing_options.add_missing(["at_time"])
        await send_history.last_checked()
        place = send_history.Place(system_clock(), "snd")
        await send_history.sent_emails(workspace.id, system_clock(), place, archived=False, emails=100)
    assert len(statements) >= 12
    assert await problems(statements, sorts=False) == set()


CHANGES = (
    'updateSender(id: "{sdr:1}", input: { name: "New" })',
    'updatePerson(id: "{per:3900}", input: { firstName: "New" })',
    'updatePerson(id: "{per:3901}", input: { email: "new@example.com" })',
    'updateTemplate(id: "{tpl:1}", input: { name: "New" })',
    'unsubscribe(personId: "{per:3902}")',
    'suppressAddress(email: "p3903@example.com")',
    'recordReply(enrollmentId: "{enr:3904}")',
    'recordBounce(enrollmentId: "{enr:100}")',
    'endEnrollment(id: "{enr:3905}")',
    'archiveEmail(id: "{snd:101}")',
    'completeTask(id: "{tsk:790}")',
    'retrySend(id: "{snd:19007}")',
    'launch(input: { campaignId: "{cmp:1}", personIds: ["{per:3999}"] })',
)
"""Mutations, with the kind and the number of populated rows."""


def with_ids(mutation: str) -> str:
    """Return a mutation with the ids of populated rows."""
    return re.sub(r"\{(\w{3}):(\d+)\}", lambda found: f"{found[1]}_a{int(found[2]):025d}", mutation)


async def test_a_change_for_one(database: str, caplog: pytest.LogCaptureFixture) -> None:
    workspace = await populate(Size(20_000), "a")
    await refresh_statistics()
    wrong: dict[str, set[str]] = {}
    async with client_of(workspace) as client:
        for mutation in map(with_ids, CHANGES):
            query = f"mutation {{ {mutation} {{ errors {{ code message }} }} }}"
            with recorded(caplog) as statements:
                answer = (await client.post("/graphql", json={"query": query})).json()
            assert "errors" not in answer, answer
            assert [payload["errors"] for payload in answer["data"].values()] == [[]]
            assert len(statements) > 1
            if found := await problems(statements, sorts=False):
                wrong[mutation] = found
    assert wrong == {}
