"""The values that pass between Touchline and a CRM: what they refuse and what they clean."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from plugins.crms.access import ApiUse, CrmAccess, CrmIdentity
from plugins.crms.codes import CrmCategory, CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import (
    ActivityKind,
    ActivityPush,
    OptOut,
    OptOutPage,
    PersonKind,
    PersonPage,
    RemotePerson,
    RemoteUser,
)
from plugins.crms.tasks import (
    DeletedTask,
    DeletedTasks,
    RemotePriority,
    RemoteStatus,
    RemoteTask,
    TaskField,
    TaskPage,
    TaskPush,
    TaskValues,
    WriteResult,
)

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
NAIVE = datetime(2026, 3, 2, 8, 0)
VALUES = TaskValues(
    "Call Ada", RemoteStatus.OPEN, RemotePriority.NORMAL, date(2026, 3, 2), "", owner_id="005A", person_id="00QA"
)
TASK = RemoteTask("00TA", VALUES, "tsk_1", NOW, NOW)
PERSON = RemotePerson("00QA", PersonKind.LEAD, "a@b.example", NOW, NOW)
PUSH = TaskPush("tsk_1", None, VALUES, frozenset(TaskField))


@pytest.mark.parametrize(
    ("record", "name"),
    [
        (TASK, "created_at"),
        (TASK, "changed_at"),
        (TaskPage((), None, NOW), "server_time"),
        (DeletedTask("00TA", NOW), "deleted_at"),
        (DeletedTasks((), NOW), "covered_until"),
        (RemotePerson("00QA", PersonKind.LEAD, "a@b.example", NOW, NOW), "created_at"),
        (RemotePerson("00QA", PersonKind.LEAD, "a@b.example", NOW, NOW), "changed_at"),
        (OptOut("00QA", True, NOW), "changed_at"),
        (OptOutPage((), None, NOW), "server_time"),
        (ActivityPush("snd_1", None, ActivityKind.EMAIL, "Hi", "", NOW, None, None), "at"),
        (ApiUse(1, 15_000, NOW), "at"),
    ],
)
def test_a_time_without_a_zone_is_refused(record: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} has no time zone"):
        replace(record, **{name: NAIVE})


def test_a_time_that_cannot_be_stored_becomes_the_nearest_one() -> None:
    never = datetime.min.replace(tzinfo=UTC)
    assert OptOut("00QA", True, never).changed_at == datetime(1970, 1, 1, tzinfo=UTC)
    assert OptOut("00QA", True, datetime.max.replace(tzinfo=UTC)).changed_at == datetime(2200, 1, 1, tzinfo=UTC)
    assert OptOut("00QA", True, NOW).changed_at is NOW


@pytest.mark.parametrize("remote_id", ["", "x" * 101, "00T\x00", "00T\nA", "\ud800"])
def test_an_id_that_cannot_be_stored_is_refused(remote_id: str) -> None:
    for change in (
        lambda: replace(TASK, remote_id=remote_id),
        lambda: replace(VALUES, owner_id=remote_id),
        lambda: replace(PUSH, remote_id=remote_id),
        lambda: WriteResult("tsk_1", remote_id),
        lambda: CrmIdentity(remote_id, "Acme", "005A", "Ada"),
    ):
        with pytest.raises(ValueError, match="printable characters"):
            change()
    with pytest.raises(ValueError, match="a marker must have"):
        replace(PUSH, marker=remote_id)


class Loud(str):
    """A text whose methods raise."""

    def _raise(self, *args: Any) -> Any:
        raise RuntimeError

    __len__ = __str__ = encode = isprintable = replace = strip = _raise  # type: ignore[assignment]


class LateInstant(datetime):
    """A time that raises when it is used later."""

    def astimezone(self, tz: Any = None) -> Any:
        raise RuntimeError


def test_subclasses_become_plain_values() -> None:
    person = RemotePerson(Loud("00QA"), PersonKind.LEAD, Loud("a@b.example"), NOW, NOW, other_addresses=[Loud("c")])
    assert {type(each) for each in (person.remote_id, person.address, *person.other_addresses)} == {str}
    assert (person.remote_id, person.address) == ("00QA", "a@b.example")
    late = LateInstant(2026, 3, 2, 10, 0, tzinfo=timezone(timedelta(hours=2)))
    found = OptOut("00QA", True, late).changed_at
    assert type(found) is datetime
    assert found == NOW


@pytest.mark.parametrize(
    ("record", "name", "value"),
    [
        (VALUES, "status", "OPEN"),
        (VALUES, "due", NOW),
        (VALUES, "subject", None),
        (TASK, "kind", "TASK"),
        (TASK, "values", None),
        (TASK, "changed_at", "2026-03-02"),
        (TASK, "remote_id", 7),
        (PERSON, "kind", "X" * 30),
        (PERSON, "other_addresses", [7]),
        (PersonPage((), None), "people", [VALUES]),
        (PersonPage((), None), "skipped", "1"),
        (OptOutPage((), None, NOW), "opt_outs", [PERSON]),
        (TaskPage((), None, NOW), "tasks", [PERSON]),
        (DeletedTasks((), NOW), "tasks", [TASK]),
    ],
)
def test_a_value_of_another_type_is_refused(record: Any, name: str, value: Any) -> None:
    with pytest.raises(TypeError):
        replace(record, **{name: value})


@pytest.mark.parametrize("cursor", ["x" * 2_001, "a\x00", "\ud800"])
def test_a_cursor_that_cannot_be_stored_is_refused(cursor: str) -> None:
    for page in (PersonPage((), None), OptOutPage((), None, NOW), TaskPage((), None, NOW)):
        with pytest.raises(ValueError, match="a cursor has up to"):
            replace(page, cursor=cursor)


def test_numbers_that_cannot_be_stored_become_the_nearest_ones() -> None:
    use = ApiUse(10**30, 10**30, NOW)
    assert (use.used, use.limit) == (10**12, 10**12)
    assert PersonPage((), None, skipped=10**30).skipped == 10**9


def test_an_id_of_a_user_fits_into_its_column() -> None:
    assert RemoteUser("x" * 64, "", "").remote_id == "x" * 64
    for change in (lambda: RemoteUser("x" * 65, "", ""), lambda: CrmIdentity("ORG", "Acme", "x" * 65, "Ada")):
        with pytest.raises(ValueError, match="1 to 64"):
            change()


def test_texts_of_a_crm_are_made_storable() -> None:
    values = replace(VALUES, subject="a\x00b\ud800", details="x" * 40_000)
    assert (values.subject, len(values.details)) == ("ab?", 32_000)
    person = replace(
        RemotePerson("00QA", PersonKind.LEAD, "a@b.example", NOW, NOW), title="\x00", properties={"a\x00": "\ud800"}
    )
    assert (person.title, person.properties) == ("", {"a": "?"})


def test_touchline_never_writes_a_status_or_a_priority_of_the_crm() -> None:
    for change in ({"status": RemoteStatus.OTHER}, {"priority": RemotePriority.OTHER}):
        values = replace(VALUES, **change)
        with pytest.raises(ValueError, match="Touchline writes"):
            replace(PUSH, values=values)
        assert replace(PUSH, values=values, fields=frozenset({TaskField.DUE})).values is values
    with pytest.raises(ValueError, match="up to 255"):
        replace(PUSH, values=replace(VALUES, subject="x" * 256))


def test_a_result_is_a_success_or_an_error() -> None:
    error = CrmError(CrmCode.ENTITY_IS_LOCKED, "locked")
    assert WriteResult("tsk_1", error=error).error is error
    for remote_id, failure in ((None, None), ("00TA", error)):
        with pytest.raises(ValueError, match="a remote_id or an error"):
            WriteResult("tsk_1", remote_id, error=failure)


def test_secrets_are_in_no_text_and_details_are_cut() -> None:
    access = CrmAccess("jwt_bearer", {"client_id": "id"}, {"private_key": "s3cret"})
    assert "s3cret" not in repr(access)
    error = CrmError(CrmCode.UNKNOWN_EXCEPTION, "\x00\ud800" + "x" * 2_000)
    assert (len(error.detail), error.detail[:2], error.name) == (1_000, "?x", "UNKNOWN_EXCEPTION")
    assert error.category is CrmCategory.OTHER
    assert CrmError(CrmCode.OTHER, name="\x00\ud800" + "x" * 100).name == "?" + "x" * 63
