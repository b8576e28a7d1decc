"""The Message-IDs of emails that reps sent from their own mailboxes."""

from tortoise import migrations
from tortoise.migrations import operations as ops

TABLE = (
    "CREATE TABLE own_message (message_id VARCHAR(400) NOT NULL, send_id VARCHAR(40) NOT NULL"
    " REFERENCES send (id) ON DELETE CASCADE, PRIMARY KEY (message_id, send_id))"
)
INDEX = "CREATE INDEX own_message_email ON own_message (send_id)"


class CreateTable(ops.RunSQL):
    undo = "DROP TABLE own_message"


class Migration(migrations.Migration):
    dependencies = [("touchline", "0047_event_order")]
    initial = False

    operations = [
        CreateTable(sql=TABLE, reverse_sql=CreateTable.undo),
        ops.RunSQL(sql=INDEX, reverse_sql="DROP INDEX own_message_email"),
    ]
