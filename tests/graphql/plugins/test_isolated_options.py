"""A send option of a package in another process: all that asks it waits for its answer outside of transactions."""

import importlib.metadata
from datetime import time

import pytest

from api.background_jobs import JOB_KINDS
from api.clock import system_clock
from api.services.common.metrics import Metrics
from api.services.common.request_context import WorkspaceContext
from api.services.jobs.job_kind import JobRuntime
from api.services.jobs.runner import JobRunner
from api.services.option_calls.isolation import isolated
from plugins.loading.manager import load
from strategies import Availability, Position, SendAt, SendOption, StepContext
from strategies.options.task import Task
from tests import story
from tests.client import Client
from tests.databases import on_sqlite
from tests.plugins.packages import FakeEntry, options

PREVIEW = """query($input: LaunchInput!) { launchPreview(input: $input) {
    errors { code message } previews { planned { step sendAt } } } }"""
START = """mutation($input: StartLaunchInput!) { startLaunch(input: $input) {
    launch { id } warnings { code } errors { code message } } }"""
CHANGE = """mutation($id: ID!, $input: StepChanges!) { changeStep(id: $id, input: $input) {
    step { id sendOptions { key available warning } } warnings { code } errors { code message } } }"""


class Early(SendOption):
    """Sends at seven, or at the hour of the configuration."""

    key = "early"
    labels = {"en": "Early"}
    help = {"en": "Sends early."}
    config_schema = {"type": "object", "properties": {"hour": {"type": "integer"}}}

    def availability(self, position: Position) -> Availability:
        return Availability.offered(warning="It is early.")

    def resolve(self, step: StepContext) -> SendAt:
        return SendAt(step.date, time(step.config.get("hour", 7)))


class ByRep(Task):
    key = "by_rep"


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [FakeEntry("early-birds", options(Early(), ByRep()), "early_birds")]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: entries if group == "touchline" else [])


async def run_jobs() -> None:
    """Run the jobs that the mutations have started, as the tick loop does."""
    installed = isolated(load({}), system_clock, Metrics())
    runtime = JobRuntime(lambda of: WorkspaceContext(of, installed, system_clock, lambda: None), system_clock)
    runner = JobRunner(JOB_KINDS, runtime, Metrics())
    while await runner.run_next():
        pass
    await runner.close()


@on_sqlite
@pytest.mark.usefixtures("package")
async def test_everything_that_asks(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    made = await story.campaign(client, await story.sender(client))
    email = {"type": "EMAIL", "templateId": await story.template(client)}
    await story.step(client, made, day=1, sendOption="early", **email)
    await story.step(client, made, day=2, sendOption="by_rep", **email)
    last = await story.step(client, made, day=4, sendOption="early", config={"hour": 8}, **email)
    ada, bea = await story.person(client), await story.person(client, "bea@example.com")
    given = {"campaignId": made, "personIds": [ada]}
    seen = (await client.ask(PREVIEW, input=given))["launchPreview"]
    assert seen["errors"] == []
    assert [each["step"] for each in seen["previews"][0]["planned"]] == [1, 2]
    enrollment = (await client.do(story.LAUNCH, "enrollments", input=given))[0]["id"]
    started = await client.do(START, "launch", input={"campaignId": made, "personIds": [bea]})
    await run_jobs()
    await client.ask('mutation { advanceClock(to: "2026-03-03T12:00:00Z") { errors { code } } }')
    tasks = await client.ask("{ tasks(first: 5) { nodes { id step { number } } } }")
    assert len(tasks["tasks"]["nodes"]) == 2
    assert started["id"]
    done = "mutation($id: ID!) { completeTask(id: $id) { task { status } errors { code message } } }"
    await client.do(done, "task", id=tasks["tasks"]["nodes"][0]["id"])
    changed = await client.do(CHANGE, "step", id=last, input={"config": {"hour": 9}})
    offered = {each["key"]: each["warning"] for each in changed["sendOptions"]}
    assert offered["early"] == "It is early."
    pause = "mutation($id: ID!) { pauseCampaign(id: $id) { campaign { status } errors { code message } } }"
    await client.do(pause, "campaign", id=made)
    await client.ask('mutation { advanceClock(to: "2026-03-09T12:00:00Z") { errors { code } } }')
    await run_jobs()
    shown = await client.ask("query($id: ID!) { resumePreview(campaignId: $id) { people movingPeople } }", id=made)
    assert shown["resumePreview"]["movingPeople"] == 1, "one person has an overdue email"
    resume = "mutation($id: ID!) { resumeCampaign(id: $id) { campaign { status } errors { code message } } }"
    await client.do(resume, "campaign", id=made)
    await run_jobs()
    progress = await story.progress(client, enrollment)
    assert progress["status"] == "ACTIVE"
    assert [record for record in caplog.records if "cannot wait for an answer" in record.getMessage()] == []
