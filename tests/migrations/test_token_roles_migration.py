"""The migration of the roles of tokens, on a populated table: tokens keep working, and may do everything."""

from api.models import Token
from api.roles import Role
from api.services.workspaces.tokens import issue_token, workspace_by_token
from api.services.workspaces.workspaces import create_workspace
from api.store.engine.database import migrate
from tests.migrations.migrating import before
from tests.services.world import NOW


async def test_tokens_may_do_everything_as_before(database: str) -> None:
    secret = await issue_token(await create_workspace("W", NOW), "ci", NOW, Role.READ_ONLY)
    names = await before("0082_token_roles")
    assert await migrate() == names
    found = await workspace_by_token(secret)
    assert found is not None
    assert found[1:] == ("ci", Role.ADMIN)
    assert [row.role for row in await Token.all()] == [Role.ADMIN]
