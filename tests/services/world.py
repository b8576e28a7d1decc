"""Two people who are due now, and a channel that answers as the test says."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from api.models import Campaign, Enrollment, Send, Step, Workspace
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.common.request_context import WorkspaceContext
from api.services.dispatch.dispatcher import DispatchRuntime, run_once
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.templates.templates import create_template
from api.services.workspaces.senders import create_sender
from api.services.workspaces.workspaces import create_workspace
from api.store.engine.database import is_postgres
from plugins.contract import AccountUnavailableError, Channel, Outcome, Outgoing, Receipt, Session
from plugins.loading.extension_points import CHANNELS
from plugins.loading.manager import Installed, load
from strategies import StepType
from tests.services.copied_rows import CopiedRows, copy_rows

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


@dataclass
class Scripted(Channel, Session):
    """A channel that answers as the test says, and remembers what left."""

    outcome: Outcome = Outcome.SENT
    before: Callable[[Outgoing], Awaitable[None]] | None = None
    during: Callable[[Outgoing], Awaitable[None]] | None = None
    down: bool = False
    left: list[str] = field(default_factory=list)
    refused_copies: tuple[tuple[str, str], ...] = ()

    key = "scripted"
    labels = {"en": "Scripted"}
    supports_copies = True

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        if self.down:
            raise AccountUnavailableError("CONNECTION_FAILED", "Nobody answers.")
        yield self

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Callable[[], Awaitable[bool]]) -> Receipt:
        if self.before:
            await self.before(outgoing)
        if self.outcome in {Outcome.SENT, Outcome.IN_DOUBT}:
            if not await about_to_transmit():
                return Receipt(Outcome.WITHDRAWN, "WITHDRAWN", "Taken away.")
            self.left.append(outgoing.recipient)
            if self.during:
                await self.during(outgoing)
        return Receipt(self.outcome, "SMTP_TEST", "The server's words.", self.refused_copies)


@dataclass
class World:
    """A workspace with people, and a post whose clock the test moves."""

    context: WorkspaceContext
    runtime: DispatchRuntime
    channel: Scripted
    enrollments: list[Enrollment]

    def through(self, channel: Channel) -> DispatchRuntime:
        """Return its post with a channel installed, in the place of one with the same key."""
        return replace(self.runtime, installed=with_channel(self.runtime.installed, channel))

    async def tick(self, now: datetime = NOW) -> None:
        await run_once(self.runtime, now)

    async def send(self) -> Send:
        return await Send.filter(workspace_id=self.context.workspace_id).order_by("id").first()  # type: ignore[return-value]


class Killed(BaseException):
    """Stands for the end of a process in the middle of its work: nothing in it comes to know of it."""


def with_channel(installed: Installed, channel: Channel) -> Installed:
    """Return the same with a channel more, in the place of one with the same key."""
    channels = {**installed.channels, channel.key: channel}
    return replace(installed, registries={**installed.registries, CHANNELS.hook: channels})


@cache
def _installed() -> Installed:
    """Load the plugins once: every test would load the same ones."""
    return load({})


class _Copy(NamedTuple):
    """A world that was made by the services."""

    rows: CopiedRows
    workspace: str
    enrollments: list[str]
    left: list[str]


_copies: dict[tuple[object, ...], _Copy] = {}
"""The worlds that this process has made, by kind of database, function and arguments.

To copy one takes a tenth of the time.
"""
MakeWorld = Callable[..., Awaitable[World]]


def kept(make: MakeWorld) -> MakeWorld:
    """Make the first world in this process with a function, and the next ones by copying its rows under new ids.

    It changes rows only, and its world is at NOW. Only the rows of a world in an empty database are copied.
    """

    async def kept_world(*arguments: Any, **options: Any) -> World:
        key = (is_postgres(), make, arguments, *sorted(options.items()))
        if key in _copies:
            return await _copied(_copies[key])
        is_first = not await Workspace.exists()
        world = await make(*arguments, **options)
        if is_first:
            ids = [row.id for row in world.enrollments]
            _copies[key] = _Copy(await copy_rows(), world.context.workspace_id, ids, list(world.channel.left))
        return world

    return kept_world


async def _copied(copy: _Copy) -> World:
    renewed = await copy.rows.insert()
    channel, runtime = _channel_and_runtime(copy.left)
    context = runtime.context(await Workspace.get(id=renewed[copy.workspace]))
    found = await Enrollment.in_bulk([renewed[id_] for id_ in copy.enrollments], "id")
    return World(context, runtime, channel, [found[renewed[id_]] for id_ in copy.enrollments])


def _channel_and_runtime(left: Iterable[str] = ()) -> tuple[Scripted, DispatchRuntime]:
    channel = Scripted(left=list(left))
    installed = with_channel(_installed(), channel)
    return channel, DispatchRuntime(installed, lambda: NOW, lambda person: None, lambda: None)


@kept
async def make_world(people: int = 2, *, day: int = 9, follow_up: bool = False) -> World:
    """Launch for people named ada, bob, p2, p3 and so on, in a workspace that runs in real time.

    They get an email now and one on a ``day``, which may be its follow-up.
    """
    channel, runtime = _channel_and_runtime()
    context = runtime.context(await create_workspace("Acme", NOW))
    return World(context, runtime, channel, await _launch(context, people, day, follow_up))


@kept
async def make_sent_world(people: int = 2) -> World:
    """Make the same world, and send the first emails."""
    world = await make_world(people)
    await world.tick()
    return world


@kept
async def make_world_with_task(*, sent: bool = False) -> World:
    """Make a world of one person, whose first email may be sent, and add a task with an email on day 2."""
    world = await (make_sent_world if sent else make_world)(1)
    template = (await Step.get(number=1)).template_id
    campaign = (await Campaign.get()).id
    await add_step(world.context, campaign, day=2, send_option="task", step_type=StepType.EMAIL, template_id=template)
    return world


async def _launch(context: WorkspaceContext, people: int, day: int, follow_up: bool) -> list[Enrollment]:
    sender = await create_sender(context, name="G", email="g@example.com", zone="UTC", channel="scripted")
    template = await create_template(context, name="T", subject="Hi {{ city | default: 'you' }}", html="<p>x</p>")
    campaign = await create_campaign(context, name="C", sender_id=sender.id)
    content = {"template_id": template.id, "step_type": StepType.EMAIL}
    await add_step(context, campaign.id, day=1, send_option="choose_at_launch", **content)
    again = {"send_option": "same_time_as_previous", "follow_up": follow_up}
    await add_step(context, campaign.id, day=day, **again, **content)
    names = ["ada", "bob", *(f"p{number}" for number in range(2, people))][:people]
    ids = [(await create_person(context, f"{name}@example.com")).id for name in names]
    return await launch(context, campaign.id, ids, Choice("NOW"), {})
