"""A Touchline of a test's own: a new SQLite database, the installed packages, and a virtual clock.

Everything goes through the public API over HTTP, within the process. The server runs in a thread of its own, so that
ordinary and asynchronous tests use it in the same way.
"""

import warnings
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from os import PathLike
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from api.app import make_app
from api.services.workspaces.tokens import issue_token
from api.services.workspaces.workspaces import create_workspace
from api.settings import Settings
from api.testing import queries
from plugins.loading.extension_points import CHANNELS
from plugins.loading.manager import Installed, load
from plugins.testing.channels.recording_channel import RecordingChannel
from plugins.testing.common.findings import KitHint
from strategies import Refusal
from strategies.registry import Registry

MONDAY = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
"""When the clock of a sandbox starts: a Monday, 08:00 in Berlin."""
ZONE = "Europe/Berlin"
USE_KIT = "SENT only means that the email was recorded. Test the channel with assert_channel() and deliver()."


@dataclass(frozen=True, slots=True)
class SandboxStep:
    """A step of one person: planned by a preview, or as it is now in a launched campaign."""

    person: str
    """The id of the person."""
    number: int
    status: str
    """The status of the email or the task, such as SCHEDULED, SENT or OPEN. PLANNED in a preview."""
    planned_at: datetime | None
    """When the email is planned, UTC. None for a task."""
    due: date | None = None
    """When the task is due. None for an email."""
    explanation: tuple[str, ...] = ()
    """The sentences of the explanation, in English."""


@dataclass(slots=True)
class Sandbox:
    """A workspace whose clock stands still until ``advance`` moves it. Refused requests raise Refusal."""

    http: httpx.AsyncClient
    portal: BlockingPortal
    token: str
    now: datetime
    """The time of the workspace, UTC."""
    enrollments: list[str] = field(default_factory=list)
    """The ids of all enrollments, in the order of the launches."""
    _made: int = 0

    def ask(self, operation: str, **variables: Any) -> dict[str, Any]:
        """Send a GraphQL operation, and return its data. Raises Refusal for the first error."""
        return self.portal.call(self._ask, operation, variables)

    async def _ask(self, operation: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = await self.http.post("/graphql", json={"query": operation, "variables": variables}, headers=headers)
        body: dict[str, Any] = answer.json()
        for error in body.get("errors", ()):
            raise Refusal(error.get("extensions", {}).get("code", "ERROR"), error["message"])
        data: dict[str, Any] = body["data"]
        for payload in data.values():
            _raise_first(payload)
        return data

    def sender(self, **fields: Any) -> str:
        """Create a sender and return the id. The fields are those of SenderInput.

        A sandbox records emails instead of delivering them, also if the sender has the channel of a package. Warns of
        such a channel (KitHint).
        """
        address = f"rep{self._number()}@example.org"
        given = {"name": "Grace Hopper", "email": address, "zone": ZONE, "channel": "record"} | fields
        if given["channel"] != "record":
            warnings.warn(
                f"A sandbox records emails. It never calls the channel {given['channel']!r}: {USE_KIT}", KitHint, 2
            )
        return self._create(queries.CREATE_SENDER, "sender", given)

    def person(self, **fields: Any) -> str:
        """Create a person and return the id. The fields are those of PersonInput, such as ``zone="Asia/Tokyo"``."""
        given = {"email": f"person{self._number()}@example.com", "firstName": "Ada", "lastName": "Lovelace"}
        return self._create(queries.CREATE_PERSON, "person", given | fields)

    @staticmethod
    def email(day: int, send_option: str, **config: Any) -> dict[str, Any]:
        """Return an email step for ``campaign``, with the configuration of its send option."""
        text = {"subject": f"Day {day}", "html": "<p>Hello {{ first_name }}</p>"}
        return {"type": "EMAIL", "day": day, "sendOption": send_option, "config": config, **text}

    @staticmethod
    def call(day: int) -> dict[str, Any]:
        """Return a call step for ``campaign``. Later steps wait until a person has made the call."""
        return {"type": "CALL", "day": day, "notes": "Say hello."}

    def campaign(self, steps: Sequence[Mapping[str, Any]], **settings: Any) -> str:
        """Create a campaign with these steps and return the id. The settings are those of CampaignInput."""
        given = {"name": f"Campaign {self._number()}"} | settings
        campaign = self._create(
            queries.CREATE_CAMPAIGN, "campaign", given | {"senderId": settings.get("senderId") or self.sender()}
        )
        for step in steps:
            self.ask(queries.ADD_STEP, campaign=campaign, input=dict(step))
        return campaign

    def preview(self, campaign: str, people: Sequence[str], **choices: Any) -> list[SandboxStep]:
        """Return what launching would plan now. The choices are those of LaunchInput, such as ``sendNow=True``."""
        given = {"campaignId": campaign, "personIds": list(people)} | choices
        found = self.ask(queries.PREVIEW, input=given)["launchPreview"]
        for refused in found["refused"]:
            _raise_first(refused)
        return [
            SandboxStep(
                each["person"]["id"],
                step["step"],
                "PLANNED",
                _instant(step["sendAt"]),
                _date(step["dueDate"]),
                _sentences(step["explanation"]),
            )
            for each in found["previews"]
            for step in each["planned"]
        ]

    def launch(self, campaign: str, people: Sequence[str], **choices: Any) -> list[SandboxStep]:
        """Launch a campaign for people, and return the emails and tasks that are planned now."""
        given = {"campaignId": campaign, "personIds": list(people)} | choices
        launched = self.ask(queries.LAUNCH, input=given)["launch"]["enrollments"]
        self.enrollments += [each["id"] for each in launched]
        return [step for each in launched for step in self._steps(each["id"])]

    def steps(self) -> list[SandboxStep]:
        """Return the emails and tasks of all people who were launched, as they are now."""
        return [step for enrollment in self.enrollments for step in self._steps(enrollment)]

    def advance(self, to: datetime | str | None = None, **by: float) -> datetime:
        """Move the clock to an instant, or forward by ``days``, ``hours`` or ``minutes``. Emails are sent meanwhile.

        ``to`` is a datetime with a time zone, or a text such as ``2026-03-04T08:00:00Z``. Raises ValueError.
        """
        moment = datetime.fromisoformat(to) if isinstance(to, str) else to or self.now + timedelta(**by)
        if moment.tzinfo is None:
            raise ValueError(f"{to} has no time zone. Give one, such as datetime(2026, 3, 4, 8, tzinfo=UTC).")
        answer = self.ask(queries.ADVANCE, to=moment.astimezone(UTC).isoformat())
        self.now = datetime.fromisoformat(answer["advanceClock"]["now"])
        return self.now

    def _number(self) -> int:
        self._made += 1
        return self._made

    def _create(self, mutation: str, of: str, given: Mapping[str, Any]) -> str:
        (payload,) = self.ask(mutation, input=given).values()
        return str(payload[of]["id"])

    def _steps(self, enrollment: str) -> list[SandboxStep]:
        found = self.ask(queries.PROGRESS, id=enrollment)["enrollment"]
        return [_step(found["person"]["id"], each) for each in found["progress"] if each["email"] or each["task"]]


def _step(person: str, progress: Mapping[str, Any]) -> SandboxStep:
    email, task = progress["email"] or {}, progress["task"] or {}
    explanation = (email or task)["explanation"]
    return SandboxStep(
        person,
        progress["step"]["number"],
        (email or task)["status"],
        _instant(email.get("plannedAt")),
        _date(task.get("dueDate")),
        _sentences(explanation),
    )


def _raise_first(payload: Any) -> None:
    """Raise the first refusal of a mutation's result."""
    for error in (payload or {}).get("errors", ()) if isinstance(payload, dict) else ():
        raise Refusal(error["code"], error["message"], tuple(error["path"] or ()))


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _sentences(lines: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    return tuple(line["sentence"] for line in lines)


def with_channel(installed: Installed, channel: RecordingChannel) -> Installed:
    """Return the installed packages with this channel instead of "record"."""
    registry: Registry[Any] = Registry()
    for key, found in installed.channels.items():
        registry.register(key, channel if key == channel.key else found, "kit")
    return replace(installed, registries={**installed.registries, CHANNELS.hook: registry})


@contextmanager
def open_sandbox(
    folder: str | PathLike[str],
    channel: RecordingChannel | None = None,
    environment: Mapping[str, str] | None = None,
    now: datetime = MONDAY,
) -> Iterator[Sandbox]:
    """Start a server with a database in a folder, and return a new workspace. ``environment`` are its settings."""
    own = {"TOUCHLINE_DATABASE_URL": f"sqlite://{Path(folder) / 'sandbox.db'}", **(environment or {})}
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_serving(own, channel)) as http:
        token = portal.call(_workspace, now)
        yield Sandbox(http, portal, token, now)


@asynccontextmanager
async def _serving(
    environment: Mapping[str, str], channel: RecordingChannel | None
) -> AsyncIterator[httpx.AsyncClient]:
    installed = with_channel(load(environment), channel or RecordingChannel())
    app = make_app(Settings.read(environment), environment, tick=False, installed=installed)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http,
    ):
        yield http


async def _workspace(now: datetime) -> str:
    workspace = await create_workspace("Sandbox", now, sandbox=True)
    return await issue_token(workspace, "test", now)
