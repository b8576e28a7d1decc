"""The migration that creates the index of imports, on populated tables, forward and back."""

from api.ids import new_id
from api.models import PeopleImport
from api.services.workspaces.workspaces import create_workspace
from api.store.engine.database import is_postgres, migrate
from api.store.engine.sql import execute
from tests.migrations.migrating import before
from tests.served import NOW


async def index() -> str:
    """Return the statement that creates the index; an empty text if there is none."""
    table, name, sql = ("pg_indexes", "indexname", "indexdef") if is_postgres() else ("sqlite_master", "name", "sql")
    rows = await execute(f"SELECT {sql} AS sql FROM {table} WHERE {name} = 'people_import_listed'")
    return str(rows[0]["sql"]) if rows else ""


async def test_the_imports_of_a_workspace_get_an_index(database: str) -> None:
    workspaces = [await create_workspace(name, NOW) for name in ("Acme", "Other")]
    for number in range(10):
        await PeopleImport.create(
            id=new_id("imp"), workspace_id=workspaces[number % 2].id, total=number, created_at=NOW
        )
    imports = "SELECT * FROM people_import ORDER BY id"
    rows = [dict(row) for row in await execute(imports)]
    names = await before("0089_import_lists")
    assert await index() == ""
    assert await migrate() == names
    assert "workspace_id" in await index()
    assert ('COLLATE "C"' in await index()) is is_postgres()
    assert [dict(row) for row in await execute(imports)] == rows
