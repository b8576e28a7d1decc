"""The migration of mailboxes on populated tables: no row is lost, and accounts can be read afterwards."""

from api.models import Enrollment, MailboxFolder, Person, Send
from api.store.engine.database import migrate
from api.store.replies import mailboxes
from tests.migrations.migrating import before
from tests.services.mailboxes.scripted import Scripted, Time, mail, process
from tests.services.world import make_world


async def test_the_tables_of_mailboxes_are_added(database: str) -> None:
    await make_world(3)
    counts = [await table.all().count() for table in (Person, Enrollment, Send)]
    names = await before("0030_mailboxes")
    assert names[0] == "0030_mailboxes"
    await migrate()
    assert [await table.all().count() for table in (Person, Enrollment, Send)] == counts
    await process(Scripted({"INBOX": [mail(1)]}), Time()).check_once()
    assert await mailboxes.cursors("fake") == {"INBOX": "1"}
    assert (await MailboxFolder.get()).mails == 1
