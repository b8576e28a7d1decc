"""Two people who are due now, and a channel that answers as the test says."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from api.models import Enrollment, Send
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.common.context import WorkspaceContext
from api.services.dispatch.dispatcher import DispatchRuntime, run_once
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.templates.templates import create_template
from api.services.workspaces.senders import create_sender
from api.services.workspaces.workspaces import create_workspace
from plugins.contract import AccountUnavailableError, Channel, Outcome, Outgoing, Receipt, Session
from plugins.extension_points import CHANNELS
from plugins.manager import Installed, load
from strategies import StepType

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


@dataclass
class Scripted(Channel, Session):
    """A channel that answers as the test says, and remembers what left."""

    outcome: Outcome = Outcome.SENT
    before: Callable[[Outgoing], Awaitable[None]] | None = None
    during: Callable[[Outgoing], Awaitable[None]] | None = None
    down: bool = False
    left: list[str] = field(default_factory=list)

    key = "scripted"
    labels = {"en": "Scripted"}

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
        return Receipt(self.outcome, "SMTP_TEST", "The server's words.")


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


async def make_world(people: int = 2, *, day: int = 9, follow_up: bool = False) -> World:
    """Launch for people named ada, bob, p2, p3 and so on, in a workspace that runs in real time.

    They get an email now and one on a ``day``, which may be its follow-up.
    """
    channel = Scripted()
    installed = load({})
    installed = with_channel(installed, channel)
    runtime = DispatchRuntime(installed, lambda: NOW, lambda person: None, lambda: None)
    context = runtime.context(await create_workspace("Acme", NOW))
    sender = await create_sender(context, name="G", email="g@example.com", zone="UTC", channel="scripted")
    template = await create_template(context, name="T", subject="Hi {{ city | default: 'you' }}", html="<p>x</p>")
    campaign = await create_campaign(context, name="C", sender_id=sender.id)
    content = {"template_id": template.id, "step_type": StepType.EMAIL}
    await add_step(context, campaign.id, day=1, send_option="choose_at_launch", **content)
    again = {"send_option": "same_time_as_previous", "follow_up": follow_up}
    await add_step(context, campaign.id, day=day, **again, **content)
    names = ["ada", "bob", *(f"p{number}" for number in range(2, people))][:people]
    ids = [(await create_person(context, f"{name}@example.com")).id for name in names]
    return World(context, runtime, channel, await launch(context, campaign.id, ids, Choice("NOW"), {}))
