"""The CRM of docs/plugin_crms.md works as it stands there: it is loaded, connected, and tasks are synced with it."""

import importlib.metadata
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from plugins import ActivityPush, CrmAccess, CrmCode, CrmError, CrmHost, CrmSession, NewPerson, OptOut, SourceKind
from plugins.crms.people_and_activities import ActivityKind, PersonSource
from plugins.loading.manager import load
from tests.plugins.packages import FakeEntry
from tests.services.crm.synced_world import DAY, SyncedWorld, real_now, synced_world

GUIDE = (Path(__file__).parents[3] / "docs" / "plugin_crms.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
ACCESS = CrmAccess("token", {"url": "https://acme.rolodex.example"}, {"token": "t0ken"})


def example(number: int) -> dict[str, Any]:
    """Run a block of the guide. Returns its names."""
    contents: dict[str, Any] = {}
    exec(compile(BLOCKS[number], "docs/plugin_crms.md", "exec"), contents)
    return contents


class Service:
    """Rolodex itself: its tasks, its clock, and the answer that the next request gets instead."""

    def __init__(self) -> None:
        self.tasks: dict[str, dict[str, Any]] = {}
        self.deleted: dict[str, datetime] = {}
        self.later = timedelta(0)
        self.instead: list[int | Exception | httpx.Response] = []
        self.asked: list[httpx.Request] = []

    @property
    def now(self) -> datetime:
        return real_now() + self.later

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        assert request.headers["Authorization"] == "Bearer t0ken"
        instead = self.instead.pop(0) if self.instead else None
        if isinstance(instead, Exception):
            raise instead
        if isinstance(instead, httpx.Response):
            return instead
        if instead is not None:
            return httpx.Response(instead, text="no")
        answer = self._answer(request)
        return httpx.Response(409, text="the marker is known") if answer is None else httpx.Response(200, json=answer)

    def _answer(self, request: httpx.Request) -> Any:
        path, params = request.url.path, request.url.params
        ids, markers = (params.get(name, "").split(",") for name in ("ids", "markers"))
        match [request.method, *path.strip("/").split("/")]:
            case ["POST", "tasks"]:
                values = json.loads(request.content)
                marker = values.pop("marker")
                if any(task["marker"] == marker for task in self.tasks.values()):
                    return None
                return self.write(f"T{len(self.tasks) + 1}", marker, values)
            case ["PATCH", "tasks", key]:
                return self.write(key, self.tasks[key]["marker"], json.loads(request.content))
            case ["DELETE", "tasks", key]:
                del self.tasks[key]
                self.deleted[key] = self.now
                return {}
            case ["GET", "tasks"]:
                since = datetime.fromisoformat(params["since"])
                found = [each for each in self.tasks.values() if datetime.fromisoformat(each["changed"]) >= since]
                return {"tasks": found, "next": None, "now": self.now.isoformat()}
            case ["GET", "tasks", "deleted"]:
                return [{"id": key, "at": at.isoformat()} for key, at in self.deleted.items()]
            case ["GET", "tasks", "find"]:
                return [each for each in self.tasks.values() if each["id"] in ids or each["marker"] in markers]
            case ["GET", "people"]:
                at = self.now.isoformat()
                return [{"id": "P1", "email": "ada@example.com", "name": "Ada", "created": at, "changed": at}]
            case ["GET", "users"]:
                return [{"id": "U1", "email": "rep@example.org", "name": "Rep"}]
            case ["GET", "me"]:
                return {"team": "ORG1", "user": "U1", "name": "Rep"}
        raise AssertionError(path)

    def write(self, key: str, marker: str, values: dict[str, Any]) -> dict[str, Any]:
        """Create or change a task, as a user of Rolodex does as well."""
        at = self.now.isoformat()
        usual = {"id": key, "marker": marker, "created": at, "owner": "U1", "person": None}
        self.tasks[key] = {**self.tasks.get(key, usual), **values, "changed": at}
        return self.tasks[key]


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
async def session(service: Service) -> AsyncIterator[CrmSession]:
    async with open_session(service) as opened:
        yield opened


@asynccontextmanager
async def open_session(service: Service) -> AsyncIterator[CrmSession]:
    host: CrmHost = example(1)["TestHost"]()
    crm = example(0)["Rolodex"](httpx.MockTransport(service.answer))
    async with crm.open(ACCESS, host) as opened:
        yield opened
    assert host.calls == len(service.asked)  # type: ignore[attr-defined]


def test_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [FakeEntry("rolodex", example(0), "touchline-rolodex")]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: entries if group == "touchline" else [])
    installed = load({})
    assert installed.broken == ()
    assert [each.key for each in installed.crms["rolodex"].ways] == ["token"]


def test_the_table_has_every_method() -> None:
    named = set(re.findall(r"^\| `(\w+)\(", GUIDE, re.MULTILINE))
    assert named == CrmSession.__abstractmethods__


@pytest.fixture
async def world(database: str, session: CrmSession) -> SyncedWorld:
    made = await synced_world()
    users = dict.fromkeys(made.org.users, "U1")
    return replace(made, org=replace(made.org, session=session, users=users, marker_is_unique=True))


async def test_tasks_are_synced_both_ways(world: SyncedWorld, service: Service) -> None:
    task = await world.task("Call Ada", details="Budget")
    await world.push()
    ((key, remote),) = service.tasks.items()
    assert (remote["subject"], remote["details"], remote["done"], remote["owner"]) == (
        "Call Ada",
        "Budget",
        False,
        "U1",
    )
    service.later += DAY / 24
    service.write(key, remote["marker"], {"done": True})
    world.later += DAY / 24
    await world.settle()
    await task.refresh_from_db()
    assert task.status == "COMPLETED"


async def test_a_lost_answer_creates_no_second_task(world: SyncedWorld, service: Service) -> None:
    service.instead = [httpx.ReadTimeout("late")]
    await world.task("Call Ada")
    await world.push()
    world.later += DAY
    await world.push()
    assert len(service.tasks) == 1


async def test_errors_and_answers(session: CrmSession, service: Service) -> None:
    assert (await session.identify()).organization_id == "ORG1"
    assert await session.limits() is None
    assert (await session.describe()).marker_is_unique
    for answer, code, in_doubt in (
        (401, CrmCode.AUTHENTICATION_FAILURE, False),
        (429, CrmCode.REQUEST_LIMIT_EXCEEDED, False),
        (400, CrmCode.REQUEST_INVALID, False),
        (503, CrmCode.SERVER_UNAVAILABLE, False),
        (httpx.ConnectError("no"), CrmCode.UNREACHABLE, False),
        (httpx.ReadTimeout("late"), CrmCode.ANSWER_LOST, False),
    ):
        service.instead = [answer]
        with pytest.raises(CrmError) as failed:
            await session.find_users(addresses=["rep@example.org"])
        assert (failed.value.code, failed.value.in_doubt) == (code, in_doubt)
        assert "t0ken" not in repr(failed.value)
    at = datetime(2026, 3, 2, tzinfo=UTC)
    logged = [
        ActivityPush(f"tl-{n}", None, ActivityKind.CALL, "Call", "Notes", at, "U1", "P1") for n in ("a", "b", "c")
    ]
    service.instead = [503, 404]
    results = {each.key: each for each in await session.log_activities(logged)}
    assert [each.error and (each.error.code, each.error.in_doubt) for each in results.values()] == [
        (CrmCode.SERVER_UNAVAILABLE, True),
        (CrmCode.ENTITY_IS_DELETED, False),
        None,
    ]
    assert await session.find_activities({each.marker: each for each in logged}, at) == {"tl-c": "T1"}
    for status, headers, wait in (
        (401, {}, None),
        (429, {"Retry-After": "120"}, 120),
        (429, {"Retry-After": "Mon, 02 Mar 2026 00:00:00 GMT"}, at),
        (429, {"Retry-After": "soon"}, None),
    ):
        asked, service.instead = len(service.asked), [httpx.Response(status, headers=headers)]
        errors = [each.error for each in await session.log_activities(logged)]
        assert len(service.asked) == asked + 1, "the others would fail as well"
        assert len(errors) == 3
        assert {error and (error.stops_all, error.retry_after) for error in errors} == {(True, wait)}
    service.instead = [404, 503]
    gone, failed_one, deleted = await session.delete_tasks(["T9", "T8", "T1"])
    assert (gone.error, deleted.error, service.tasks) == (None, None, {})
    assert failed_one.error is not None
    assert [each.remote_id for each in (await session.deleted_tasks(at, at)).tasks] == ["T1"]


async def test_what_rolodex_does_not_have(session: CrmSession) -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    (person,) = await session.find_people(addresses=["ada@example.com"])
    assert person.address == "ada@example.com"
    (created,) = await session.create_people([NewPerson("tl-a", "bob@example.com")])
    (opted,) = await session.set_opt_outs([OptOut("P1", True, at)])
    assert created.error is not None
    assert opted.error is not None
    assert await session.related_records(["P1"]) == {"P1": []}
    assert await session.person_sources(SourceKind.REPORT, "") == []
    assert (await session.people_of(PersonSource(SourceKind.REPORT, "R1"), None)).people == []
    assert (await session.changed_opt_outs(None, None)).opt_outs == []
    assert session.record_url("T1") == "https://acme.rolodex.example/open/T1"
