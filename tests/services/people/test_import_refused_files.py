"""Files that no import can read: each is refused with its place, and nothing is stored."""

import pytest

from api.models import PeopleImport
from api.services.common.request_context import WorkspaceContext
from api.services.dispatch.dispatcher import DispatchRuntime
from api.services.people.imports import start_import
from api.services.workspaces.workspaces import create_workspace
from plugins.loading.manager import load
from strategies import Refusal
from tests.databases import on_sqlite
from tests.services.world import NOW

pytestmark = on_sqlite


@pytest.fixture
async def context(database: str) -> WorkspaceContext:
    runtime = DispatchRuntime(load({}), lambda: NOW, lambda person: None, lambda: None)
    return runtime.context(await create_workspace("Acme", NOW))


@pytest.mark.parametrize(
    ("source", "code", "part"),
    [
        ('email,name\na@example.com,"Ada\nb@example.com,Bob\n', "CSV_INVALID", "row 2, column B (name)"),
        ('email\n"a@example.com" x', "CSV_INVALID", "row 2, column A (email)"),
        ("email,,name\na@example.com,x,Ada", "CSV_UNNAMED_COLUMN", "Row 2 has 'x' in column B"),
        ("Email,e-mail address\na@example.com,", "", ""),
        ("E-Mail,email address\na@example.com,", "CSV_DUPLICATE_COLUMN", "Column A (E-Mail) and column B"),
        ("email,Town,town\na@example.com,,", "CSV_DUPLICATE_COLUMN", "column C (town) are the same field, town"),
        ("email,2nd phone\na@example.com,", "CSV_INVALID_COLUMN", "column B (2nd phone)"),
        ("email,a" + "!" * 300 + "b\na@example.com,", "CSV_INVALID_COLUMN", "column B (a!!!"),
        ("ada@example.com,Ada\nbob@example.com,Bob", "CSV_NO_EMAIL_COLUMN", "Row 1 seems to be a person"),
        ('email,"name\na@example.com,Ada\nb@example.com,Bob"\n', "CSV_INVALID", "Row 1, the header, in column B"),
        ("\n\nname;town\nx;y", "CSV_NO_EMAIL_COLUMN", "Row 3, the header, has no column named email"),
        ("\ufeff \n", "CSV_NO_EMAIL_COLUMN", "The file is blank"),
        ("email\n\n \n", "CSV_EMPTY", "no rows"),
        ("email\na\x00@example.com", "CSV_INVALID", "Line 2 has a NUL"),
        ("email,x\na\ud800@example.com,", "INVALID_TEXT", ""),
    ],
)
async def test_refused_files_store_nothing(context: WorkspaceContext, source: str, code: str, part: str) -> None:
    if not code:
        assert (await start_import(context, source)).total == 1
        return
    await refuses(context, source, code, part)


@pytest.mark.parametrize(
    ("before", "repeated", "times", "code", "part"),
    [
        ("email", ",", 16_000_000, "CSV_TOO_LARGE", "16,384 cells"),
        ("email\n", "a@example.com\n", 100_001, "CSV_TOO_LARGE", "100,000 rows"),
        ("email\n", "x", 50_000_000, "TOO_LONG", "50,000,000"),
    ],
)
async def test_large_files_store_nothing(
    context: WorkspaceContext, before: str, repeated: str, times: int, code: str, part: str
) -> None:
    await refuses(context, before + repeated * times, code, part)  # made at the import, it would stay in memory


async def refuses(context: WorkspaceContext, source: str, code: str, part: str) -> None:
    with pytest.raises(Refusal) as caught:
        await start_import(context, source)
    assert (caught.value.code, caught.value.path) == (code, ("csv",))
    assert part in caught.value.message
    assert len(caught.value.message) < 400
    assert await PeopleImport.all().count() == 0
