"""What users and operators read if the package of a CRM breaks its contract."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.services.crm.connections.crm_errors import refusal_of
from api.services.crm.connections.guarded_session import GuardedSession
from plugins import CrmIdentity, PersonKind, RemotePerson, RemoteUser
from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import PersonPage, PersonSource, SourceKind
from plugins.crms.tasks import WriteResult
from tests.services.crm.stub_crm import IDENTITY, NOW, SECRET, StubCrm, Unused

SOURCE = PersonSource(SourceKind.LIST_VIEW, "1")


def session(**methods: Any) -> GuardedSession:
    return GuardedSession(StubCrm(), type("Wrong", (Unused,), methods)())


def returns(value: Any) -> Any:
    async def method(*_: Any, **__: Any) -> Any:
        return value() if callable(value) else value

    return method


async def fault(**methods: Any) -> str:
    """Call a method of a package that breaks its contract, and return the words of the error."""
    own = session(**methods)
    calls: dict[str, Any] = {
        "identify": own.identify,
        "describe": own.describe,
        "push_tasks": lambda: own.push_tasks([]),
        "find_users": lambda: own.find_users(addresses=["a@x.example"]),
        "find_people": lambda: own.find_people(addresses=["a@x.example"]),
        "people_of": lambda: own.people_of(SOURCE, None),
        "related_records": lambda: own.related_records(["1"]),
        "find_activities": lambda: own.find_activities({}, NOW),
    }
    with pytest.raises(CrmError) as raised:
        await calls[next(iter(methods))]()
    assert raised.value.code is CrmCode.PLUGIN_FAILED
    return raised.value.detail


def person(**values: Any) -> RemotePerson:
    usual = {"remote_id": "1", "kind": PersonKind.CONTACT, "address": "a@x.example"}
    return RemotePerson(**usual | {"created_at": NOW, "changed_at": NOW} | values)


@pytest.mark.parametrize(
    ("method", "value", "said"),
    [
        ("identify", None, "identify() returned a NoneType, not a CrmIdentity"),
        ("describe", {}, "describe() returned a dict, not a CrmCapabilities"),
        ("push_tasks", 7, "push_tasks() returned a int, not a list of WriteResult"),
        ("push_tasks", ["x"], "push_tasks() returned a list with a str, not a WriteResult"),
        ("find_users", lambda: (each for each in ()), "find_users() returned a generator, not a list of RemoteUser"),
        ("people_of", [], "people_of() returned a list, not a PersonPage"),
        ("related_records", {"1": 7}, "related_records() returned a mapping to a int, not a list of RelatedRecord"),
        ("find_activities", {"1": None}, "find_activities() returned a mapping to a NoneType, not a text"),
        ("identify", lambda: CrmIdentity(7, "", "u", ""), "TypeError: organization_id is a int, not a text"),  # type: ignore[arg-type]
        ("find_users", lambda: [RemoteUser(None, "", "")], "TypeError: remote_id is None, not a text"),  # type: ignore[arg-type]
        ("find_people", lambda: [person(address=None)], "TypeError: address is a NoneType, not a text"),
        ("find_people", lambda: [person(kind="CONTACT")], "TypeError: kind is a str, not a PersonKind"),
        ("find_people", lambda: [person(created_at=datetime(2026, 1, 1))], "ValueError: created_at has no time zone"),
        ("find_people", lambda: [person(created_at="2026")], "TypeError: created_at is a str, not a datetime"),
        ("push_tasks", lambda: [WriteResult("1")], "ValueError: a result has a remote_id or an error"),
    ],
)
async def test_a_wrong_result_is_named_with_its_field(
    method: str, value: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    detail = await fault(**{method: returns(value)})
    assert detail.startswith("stub: ")
    assert said in detail
    assert said in caplog.text


async def test_no_value_is_in_the_words(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> Any:
        raise KeyError(SECRET)

    with caplog.at_level(logging.DEBUG):
        details = [
            await fault(find_people=returns(lambda: [person(remote_id=SECRET + "\n")])),
            await fault(find_people=returns(fail)),
            await fault(identify=returns(SECRET)),
        ]
    assert details[0].endswith(f"it has {len(SECRET) + 1} characters")
    assert details[1] == "stub: KeyError"
    assert SECRET not in caplog.text + "".join(details)


@pytest.mark.parametrize("waits", [True, False])
async def test_a_package_that_cancels_its_task_cancels_only_its_call(waits: bool) -> None:
    async def cancel() -> CrmIdentity:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        if waits:
            await asyncio.sleep(60)
        return IDENTITY

    assert await fault(identify=lambda _: cancel()) == "stub: CancelledError"
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_caller_that_is_cancelled_cancels_the_call_of_the_package() -> None:
    called, ended = asyncio.Event(), asyncio.Event()

    async def endless(_: object) -> None:
        called.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    call = asyncio.create_task(session(identify=endless).identify())
    await called.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert ended.is_set()


@pytest.mark.parametrize("people", [[], ["1", "2"]])
async def test_a_page_that_comes_again_ends_the_round(people: list[str]) -> None:
    """Such as if the CRM gives an empty text for the last page, and the package returns it as a cursor."""
    page = PersonPage([person(remote_id=each) for each in people], "")
    own = session(people_of=returns(page))
    with pytest.raises(CrmError, match="returned the same page and cursor again"):
        for cursor in (None, *[""] * 5):
            assert await own.people_of(SOURCE, cursor) == page


async def test_a_cursor_may_stay_the_same_while_the_records_change() -> None:
    pages = iter(range(9))
    own = session(people_of=returns(lambda: PersonPage([person(remote_id=str(next(pages)))], "scroll")))
    for number, cursor in enumerate((None, "scroll", "scroll", None, "scroll")):
        assert (await own.people_of(SOURCE, cursor)).people == [person(remote_id=str(number))]


async def test_a_wrong_url_or_clock_fails_no_write(caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_: Any) -> Any:
        raise KeyError(SECRET)

    own = session(record_url=fail, clock_skew=property(fail))
    assert (own.record_url("1"), own.clock_skew) == ("", timedelta(0))
    assert "the CRM stub failed: KeyError" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (CrmCode.PLUGIN_FAILED, "The package of the CRM failed. stub: KeyError. Correct the package."),
        (CrmCode.UNREACHABLE, "The CRM says: stub: KeyError. Try again later. If it continues, check the URL"),
        (CrmCode.SERVER_UNAVAILABLE, "The CRM is not available. The CRM says: stub: KeyError. Try again later."),
    ],
)
def test_a_request_of_a_user_says_what_to_do(code: CrmCode, message: str) -> None:
    said: Sequence[str] = refusal_of(CrmError(code, "stub: KeyError")).message
    assert message in said
    assert "Nothing." not in said
