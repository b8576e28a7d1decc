"""The values that pass between Touchline and a CRM: what they refuse and what they clean."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from plugins.crms.access import ApiUse, CrmAccess, CrmIdentity
from plugins.crms.codes import CrmCategory, CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import ActivityKind, ActivityPush, OptOut, OptOutPage, PersonKind, RemotePerson
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
