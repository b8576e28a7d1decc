"""Rows that are only read have what tortoise's models have, on both databases."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from tortoise.models import Model

from api import models
from api.services.workspaces.workspaces import create_workspace
from api.states import OnReply, Priority
from api.store.engine.row_reader import read_where
from api.store.engine.rows import by_ids, child_rows, children
from strategies import StepType

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)


def columns(row: Any, model: type[Model]) -> dict[str, Any]:
    """Return a row's columns, with the types of their values."""
    return {name: (type(getattr(row, name)), getattr(row, name)) for name in model._meta.fields_db_projection}


@pytest.fixture
async def workspace_id(database: None) -> str:
    """A workspace with two campaigns, the first of two steps, and an event."""
    own = (await create_workspace("W", NOON)).id
    given: dict[str, Any] = {"workspace_id": own, "created_at": NOON}
    await models.Sender.create(id="snd", name="G", email="g@example.com", zone="UTC", channel="record", **given)
    settings = {"skip_weekends": True, "on_reply": OnReply.CONTINUE, "task_expiry_days": 3, "paused_at": NOON}
    await models.Campaign.create(id="cmp_1", sender_id="snd", name="Ünïcode ☂", **settings, **given)
    await models.Campaign.create(id="cmp_2", sender_id="snd", name="", remove_on_bounce=False, **given)
    step: dict[str, Any] = {"workspace_id": own, "campaign_id": "cmp_1"}
    config = {"at": "09:30", "deep": [1, {"a": None}]}
    await models.Step.create(id="stp_2", number=2, day=3, type=StepType.CALL, priority=Priority.HIGH, **step)
    await models.Step.create(id="stp_1", number=1, day=1, type=StepType.EMAIL, config=config, **step)
    await models.Event.create(id="evt_1", workspace_id=own, kind="REPLIED", at=NOON, data={"x": [True, "ß"]})
    return own


@pytest.mark.parametrize("model", [models.Workspace, models.Sender, models.Campaign, models.Step, models.Event])
async def test_a_row_has_the_columns_of_its_model(workspace_id: str, model: type[Model]) -> None:
    wanted = [columns(row, model) for row in await model.all().order_by("id")]
    assert [columns(row, model) for row in await read_where(model, "TRUE ORDER BY id")] == wanted
    assert wanted


async def test_dates_are_read_as_dates(workspace_id: str) -> None:
    await models.Person.create(
        id="per", workspace_id=workspace_id, email="a@example.com", email_key="a@example.com", created_at=NOON
    )
    held = {"workspace_id": workspace_id, "campaign_id": "cmp_1", "person_id": "per", "zone": "UTC"}
    await models.Enrollment.create(id="enr", launched_at=NOON, resumed={"1": "2026-03-02"}, **held)
    await models.Task.create(
        id="tsk", workspace_id=workspace_id, enrollment_id="enr", step_id="stp_2", person_id="per", assignee_id="snd",
        type=StepType.CALL, name="Call", due_date=date(2026, 3, 4), explanation=[["DAY", {"day": 3}]],
    )  # fmt: skip
    for model in (models.Person, models.Enrollment, models.Task):
        assert [columns(row, model) for row in await read_where(model, "TRUE")] == [columns(await model.get(), model)]
    assert (await read_where(models.Task, "TRUE"))[0].due_date == date(2026, 3, 4)


async def test_rows_by_id_and_by_parent_are_the_workspaces_own(workspace_id: str) -> None:
    found = await by_ids(models.Campaign, workspace_id, ["cmp_2", "cmp_1", "cmp_1", "cmp_3", "a\x00b"])
    assert {row_id: row.name for row_id, row in found.items()} == {"cmp_1": "Ünïcode ☂", "cmp_2": ""}
    assert await by_ids(models.Campaign, "another", ["cmp_1"]) == {}
    assert await by_ids(models.Campaign, workspace_id, []) == {}
    steps = await children(models.Step, workspace_id, "campaign_id", "number", ["cmp_2", "cmp_1"])
    assert [[step.id for step in of] for of in steps] == [[], ["stp_1", "stp_2"]]
    assert await children(models.Step, "another", "campaign_id", "number", ["cmp_1"]) == [[]]


async def test_rows_of_parents_may_have_few_columns(workspace_id: str) -> None:
    parents = ["cmp_2", "cmp_1"]
    given: tuple[Any, ...] = (models.Step, workspace_id, "campaign_id", "number", parents)
    names = {"type", "config", "added_at"}
    counts, columns = (await child_rows(*given, columns=names)).columns_of(parents)
    _, whole = await children(*given)
    assert counts == [0, 2]
    assert set(columns) == {*names, "campaign_id"}
    for name in names:
        assert list(columns[name]) == [getattr(step, name) for step in whole]
    _, keys = (await child_rows(*given, columns=())).columns_of(parents)
    assert {name: list(values) for name, values in keys.items()} == {"campaign_id": ["cmp_1"] * 2}
