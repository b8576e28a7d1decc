"""A send option with office hours, and an email of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from api.models import Send
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.templates.templates import create_template
from api.services.workspaces.senders import create_sender
from api.states import SendStatus
from plugins.loading.extension_points import SEND_OPTIONS
from strategies import Availability, Note, Position, Range, SendAt, SendOption, StepContext, StepType
from strategies.registry import SendOptions
from tests.services.world import World


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, second, tzinfo=UTC)


class Office(SendOption):
    """Sends at once, from nine to five on so many days as the test says. It can break."""

    key = "office"
    labels = {"en": "In office hours"}
    help = labels
    config_schema = {"type": "object", "properties": {"from": {"type": "integer"}}}

    def __init__(self) -> None:
        self.days = 10
        self.broken = False

    def availability(self, position: Position) -> Availability:
        return Availability.offered()

    def resolve(self, step: StepContext) -> SendAt:
        shown = step.calendar.local(step.start)
        return SendAt(shown.date(), shown.time(), (Note("ODD"),), instant=step.start)

    def window(self, step: StepContext, send_at: datetime) -> Sequence[Range]:
        if self.broken:
            raise OSError
        opens = time(step.config.get("from", 9))
        days = [step.calendar.local(send_at).date() + timedelta(days=number) for number in range(self.days)]
        return [Range(step.calendar.instant(day, opens), step.calendar.instant(day, time(17))) for day in days]


async def launched(world: World, office: Office) -> str:
    """Launch an email in office hours for carol at seven. Returns its id. No other email waits."""
    await Send.all().update(status=SendStatus.SENT)
    options = SendOptions()
    for key, option in world.runtime.installed.send_options.items():
        options.register(key, option, "touchline")
    options.register(office.key, office, "partner")
    registries = {**world.runtime.installed.registries, SEND_OPTIONS.hook: options}
    world.runtime = replace(world.runtime, installed=replace(world.runtime.installed, registries=registries))
    world.context = world.runtime.context(world.context.workspace)
    sender = await create_sender(world.context, name="H", email="h@example.com", zone="UTC", channel="scripted")
    template = await create_template(world.context, name="O", subject="Hi", html="<p>x</p>")
    campaign = await create_campaign(world.context, name="O", sender_id=sender.id)
    content: dict[str, Any] = {"template_id": template.id, "step_type": StepType.EMAIL}
    await add_step(world.context, campaign.id, day=1, send_option="office", config={}, **content)
    await add_step(world.context, campaign.id, day=30, send_option="at_time", config={"at": "10:00"}, **content)
    person = await create_person(world.context, "carol@example.com")
    await launch(world.context, campaign.id, [person.id], Choice(), {})
    first, second = await Send.filter(person_id=person.id).order_by("planned_at")
    assert second.allowed_times_id is None
    return str(first.id)


async def present(send_id: str) -> tuple[SendStatus, datetime, int, str | None]:
    send = await Send.get(id=send_id)
    return send.status, send.due_at, send.attempts, send.reason


def later(world: World, now: datetime) -> World:
    """Return the world at another time."""
    runtime = replace(world.runtime, clock=lambda: now)
    return World(runtime.context(world.context.workspace), runtime, world.channel, world.enrollments)
