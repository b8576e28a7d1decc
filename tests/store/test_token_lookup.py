"""The lookup of a bearer token has what tortoise's models have, on both databases."""

from datetime import UTC, datetime
from typing import Any

import pytest

from api.models import Token, Workspace
from api.services.workspaces.tokens import issue_token, workspace_by_token
from api.services.workspaces.workspaces import create_workspace
from tests.store.test_read_rows import columns

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("database")
WORKSPACES: dict[str, dict[str, Any]] = {
    "a workspace": {},
    "a workspace with settings": {"blocked_domains": ["example.com", "ünï.example"], "accounts": ["smtp", "record"]},
    "a workspace that may use no account": {"accounts": []},
    "a sandbox": {"sandbox": True, "virtual_now": NOON},
}


@pytest.mark.parametrize("case", WORKSPACES)
async def test_the_workspace_is_the_one_that_tortoise_reads(case: str) -> None:
    workspace = await create_workspace("Ünïcode ☂", NOON)
    await Workspace.filter(id=workspace.id).update(**WORKSPACES[case])
    await issue_token(await create_workspace("Another", NOON), "ci", NOON)
    found = await workspace_by_token(await issue_token(workspace, "Ünïcode ☂", NOON))
    assert found is not None
    assert found[1] == "Ünïcode ☂"
    assert type(found[0]) is Workspace
    assert columns(found[0], Workspace) == columns(await Workspace.get(id=workspace.id), Workspace)


async def test_the_workspace_can_be_saved() -> None:
    token = await issue_token(await create_workspace("W", NOON), "ci", NOON)
    workspace, *_ = await workspace_by_token(token) or pytest.fail("the token is valid")
    workspace.blocked_domains = ["example.com"]
    await workspace.save(update_fields=["blocked_domains"])
    workspace, *_ = await workspace_by_token(token) or pytest.fail("the token is valid")
    assert workspace.blocked_domains == ["example.com"]
    await workspace.save()
    assert await Workspace.all().count() == 1


async def test_a_token_stops_working_at_once() -> None:
    workspace = await create_workspace("W", NOON)
    old, other = await issue_token(workspace, "ci", NOON), await issue_token(workspace, "laptop", NOON)
    assert await workspace_by_token(old)
    new = await issue_token(workspace, "ci", NOON)
    assert [bool(await workspace_by_token(each)) for each in (old, new, other)] == [False, True, True]
    await Token.filter(name="laptop").delete()
    assert await workspace_by_token(other) is None


@pytest.mark.parametrize("token", ["", "tl_", "tl_unknown", "'", "$1", "a\x00b", "\ud800", "x" * 100_000])
async def test_other_tokens_are_unknown(token: str) -> None:
    await issue_token(await create_workspace("W", NOON), "ci", NOON)
    assert await workspace_by_token(token) is None
