"""However many people are calculated for themselves, other tasks run every 20 ms."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from api.models import Person, Send, Step
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.campaigns.editing.edit_planner import EditPlanner
from api.services.common import loop_slices
from api.services.common.metrics import Metrics
from api.services.common.request_context import WorkspaceContext
from api.services.dispatch.dispatcher import DispatchRuntime
from api.services.launches.background.background_launch import start_launch
from api.services.launches.background.enrollment_planner import EnrollmentPlanner
from api.services.launches.launch import Choice, launch
from api.services.launches.launch_planner import LaunchPlanner
from api.services.option_calls.answering import Answers, answer_with
from api.services.option_calls.asker import OptionAsker
from api.services.option_calls.isolation import isolated
from api.services.people.imports import start_import
from api.services.templates.templates import create_template
from api.services.workspaces.senders import create_sender
from api.services.workspaces.workspaces import create_workspace
from strategies import StepType
from tests.databases import on_sqlite
from tests.services.enrollments.facts.facts_world import NOW, jobs_done, reading_runtime

PEOPLE = 60
SECONDS_PER_PERSON = 0.002


class Rounds:
    """Counts the people who are calculated in one round of the event loop. Each takes some of the test's time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds, self.number = 0.0, 0
        self.people = Counter[int]()
        self._patch = monkeypatch
        monkeypatch.setattr(loop_slices.time, "perf_counter", lambda: self.seconds)

    def watch(self, planner: type, method: str) -> None:
        calculate: Callable[..., Any] = getattr(planner, method)

        def counted(*arguments: Any) -> Any:
            self.seconds += SECONDS_PER_PERSON
            self.people[self.number] += 1
            return calculate(*arguments)

        self._patch.setattr(planner, method, counted)

    async def count(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.number += 1

    def check(self) -> None:
        assert self.people.total() >= PEOPLE
        assert max(self.people.values()) * SECONDS_PER_PERSON <= 0.02


@pytest.fixture
async def rounds(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rounds]:
    found = Rounds(monkeypatch)
    counting = asyncio.create_task(found.count())
    yield found
    counting.cancel()


@pytest.fixture(params=["in the process", "in another process"])
async def runtime(database: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> DispatchRuntime:
    """A runtime whose options run in the server's process, or are asked in another one."""
    runtime = reading_runtime()
    if request.param == "in the process":
        return runtime
    options = runtime.installed.send_options

    async def run(_: OptionAsker, packages: tuple[str, ...], questions: Any, paused: Any) -> Answers:
        return answer_with(options, questions, paused)

    monkeypatch.setattr(OptionAsker, "run", run)
    return replace(runtime, installed=isolated(runtime.installed, lambda: NOW, Metrics()))


async def authored(runtime: DispatchRuntime) -> tuple[WorkspaceContext, str, list[str]]:
    """Return a campaign with one email of an option that reads PERSON, and people."""
    context = runtime.context(await create_workspace("Acme", NOW))
    sender = await create_sender(context, name="G", email="g@example.com", zone="Europe/Berlin", channel="record")
    template = await create_template(context, name="T", subject="Hi", html="<p>x</p>")
    campaign = await create_campaign(context, name="C", sender_id=sender.id)
    content: dict[str, Any] = {"template_id": template.id, "step_type": StepType.EMAIL}
    await add_step(context, campaign.id, day=2, send_option="spread", **content)
    await start_import(context, "email\n" + "".join(f"p{number}@example.com\n" for number in range(PEOPLE)))
    await jobs_done(runtime)
    return context, campaign.id, [person.id for person in await Person.all()]


@on_sqlite
async def test_launches_and_edits(runtime: DispatchRuntime, rounds: Rounds) -> None:
    context, campaign_id, people = await authored(runtime)
    rounds.watch(LaunchPlanner, "plan")
    await launch(context, campaign_id, people, Choice(), {})
    rounds.check()
    rounds.people.clear()
    rounds.watch(EditPlanner, "add")
    content: dict[str, Any] = {"template_id": (await Step.get()).template_id, "step_type": StepType.EMAIL}
    await add_step(context, campaign_id, day=4, send_option="spread", **content)
    await jobs_done(runtime)
    rounds.check()


@on_sqlite
async def test_choices_of_single_people(runtime: DispatchRuntime, rounds: Rounds) -> None:
    context, campaign_id, people = await authored(runtime)
    rounds.watch(LaunchPlanner, "plan")
    await start_launch(context, campaign_id, people, Choice(), per_person=dict.fromkeys(people, Choice()))
    rounds.check()


@on_sqlite
async def test_background_launches(runtime: DispatchRuntime, rounds: Rounds) -> None:
    context, campaign_id, people = await authored(runtime)
    rounds.watch(EnrollmentPlanner, "_make_plan")
    await start_launch(context, campaign_id, people, Choice())
    await jobs_done(runtime)
    rounds.check()
    assert await Send.all().count() == PEOPLE
