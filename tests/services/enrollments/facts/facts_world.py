"""A campaign of send options that read facts, and people who differ in them."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from api.clock import Clock
from api.models import Campaign, Person, Send
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.campaigns.editing.edit_job import EDIT
from api.services.campaigns.editing.fact_changes_job import FACT_CHANGES
from api.services.campaigns.editing.waiting_job import WAITING_PEOPLE
from api.services.campaigns.ending.end_job import END
from api.services.campaigns.pausing.pause_job import HOLD
from api.services.common.request_context import WorkspaceContext
from api.services.dispatch.dispatcher import DispatchRuntime
from api.services.enrollments.facts.history_job import HISTORY
from api.services.jobs.job_kind import JobRuntime
from api.services.jobs.runner import JobRunner
from api.services.launches.background.launch_job import LAUNCH
from api.services.people.import_job import IMPORT
from api.services.people.people import create_person
from api.services.templates.templates import create_template
from api.services.workspaces.senders import create_sender
from plugins.loading.manager import load
from strategies import Availability, Position, Reads, Refusal, SendAt, SendOption, StepContext, StepType
from tests.services.jobs.runners import until_idle

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


class _Option(SendOption):
    labels = {"en": "A package's"}
    help = {"en": "A package's."}

    def availability(self, position: Position) -> Availability:
        return Availability.offered()


class LocalTime(_Option):
    """Nine o'clock where the recipient is."""

    key = "local_time"
    reads = frozenset({Reads.RECIPIENT_ZONE, Reads.CAMPAIGN})

    def resolve(self, step: StepContext) -> SendAt:
        assert not step.campaign.use_recipient_zone
        there = step.recipient_zone or step.calendar.zone
        wall = step.calendar.local(type(step.calendar)(there, False).instant(step.date, time(9)))
        return SendAt(wall.date(), wall.time().replace(tzinfo=None, fold=0))


class Spread(_Option):
    """A minute for each person."""

    key = "spread"
    reads = frozenset({Reads.PERSON})

    def resolve(self, step: StepContext) -> SendAt:
        return SendAt(step.date, time(12, hashlib.sha256(step.person.id.encode()).digest()[0] % 60))


class Branch(_Option):
    """The hour that the person's field says. A person without one is refused."""

    key = "branch"
    reads = frozenset({Reads.FIELDS})

    def resolve(self, step: StepContext) -> SendAt:
        if "hour" not in step.fields:
            raise Refusal("NO_HOUR", "This person has no hour.")
        return SendAt(step.date, time(int(step.fields["hour"])))


class BestHour(_Option):
    """The hour with the most replies."""

    key = "best_hour"
    reads = frozenset({Reads.HISTORY})

    def resolve(self, step: StepContext) -> SendAt:
        return SendAt(step.date, time(max(range(24), key=lambda hour: step.history.hour(hour).replied)))


class Fixed(Branch):
    """The same, but later changes do not matter."""

    key = "fixed"
    follows_changes = False


class ByName(_Option):
    """Ten o'clock, or eleven in a campaign with another name."""

    key = "by_name"
    reads = frozenset({Reads.CAMPAIGN})

    def resolve(self, step: StepContext) -> SendAt:
        return SendAt(step.date, time(10 if step.campaign.name == "C" else 11))


OPTIONS = (LocalTime(), Spread(), Branch(), Fixed(), BestHour(), ByName())


def reading_runtime() -> DispatchRuntime:
    """A runtime with these options installed."""
    installed = load({})
    for option in OPTIONS:
        installed.send_options.register(option.key, option, "tests")
    return DispatchRuntime(installed, lambda: NOW, lambda person: None, lambda: None)


async def author(context: WorkspaceContext, *more: str) -> Campaign:
    """A campaign of an email now and one of each option on the days after."""
    email = f"g{await Campaign.all().count()}@example.com"
    sender = await create_sender(context, name="G", email=email, zone="Europe/Berlin", channel="record")
    template = await create_template(context, name=email, subject="Hi", html="<p>x</p>")
    campaign = await create_campaign(context, name="C", sender_id=sender.id)
    content: dict[str, Any] = {"template_id": template.id, "step_type": StepType.EMAIL}
    await add_step(context, campaign.id, day=1, send_option="choose_at_launch", **content)
    for day, key in enumerate(("local_time", "spread", "branch", "fixed", *more), 2):
        await add_step(context, campaign.id, day=day, send_option=key, **content)
    return campaign


async def people(context: WorkspaceContext) -> list[Person]:
    zones, hours = ("Asia/Tokyo", None, "Asia/Tokyo"), ("8", "9", "8")
    return [
        await create_person(context, f"p{number}@example.com", zone=zone, fields={"hour": hour})
        for number, (zone, hour) in enumerate(zip(zones, hours, strict=True))
    ]


def runner_at(runtime: DispatchRuntime, clock: Clock) -> JobRunner:
    kinds = [LAUNCH, IMPORT, FACT_CHANGES, EDIT, HOLD, HISTORY, WAITING_PEOPLE, END]
    return JobRunner(kinds, JobRuntime(runtime.context, clock), runtime.metrics)


async def jobs_done(runtime: DispatchRuntime, now: datetime = NOW) -> None:
    await until_idle(runner_at(runtime, lambda: now))


async def times(campaign_id: str) -> dict[str, list[str]]:
    """The planned times of each person, in UTC."""
    sends = await Send.filter(step__campaign_id=campaign_id).order_by("step__number").prefetch_related("step")
    found: dict[str, list[str]] = {}
    for send in sends:
        found.setdefault(send.person_id, []).append(f"{send.due_at.astimezone(UTC):%d %H:%M}")
    return found


def context_at(context: WorkspaceContext, now: datetime) -> WorkspaceContext:
    return replace(context, clock=lambda: now)
