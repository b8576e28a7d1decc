"""A background launch stores the first emails that a rep has written, until their people are enrolled."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

TABLE = (
    "CREATE TABLE first_email (id VARCHAR(60) NOT NULL PRIMARY KEY, launch_id VARCHAR(40) NOT NULL"
    " REFERENCES launch (id) ON DELETE CASCADE, person_id VARCHAR(40) NOT NULL, subject TEXT, html TEXT)"
)
INDEX = "CREATE UNIQUE INDEX first_email_person ON first_email (launch_id, person_id)"


class CreateTable(ops.RunSQL):
    undo = "DROP TABLE first_email"


class Migration(migrations.Migration):
    dependencies = [("touchline", "0044_filters")]
    initial = False

    operations = [
        ops.AddField("Launch", "first_emails", fields.IntField(default=0, db_default=0)),
        CreateTable(sql=TABLE, reverse_sql=CreateTable.undo),
        ops.RunSQL(sql=INDEX, reverse_sql="DROP INDEX first_email_person"),
    ]
