"""People have the time of their last reply, by which they are sorted, and the addresses that they had before.

The condition of the index lets SQLite use it for people with a reply, which are sorted apart from the others.
"""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0069_crm_failures")]
    initial = False

    operations = [
        ops.AddField("Person", "replied_at", fields.DatetimeField(null=True)),
        ops.RunSQL(
            sql="UPDATE person SET replied_at = last.at FROM (SELECT send.person_id, max(reply.at) AS at FROM reply"
            " JOIN send ON send.id = reply.send_id WHERE reply.kind = 'REPLY' GROUP BY send.person_id) AS last"
            " WHERE person.id = last.person_id AND person.erased_at IS NULL",
            reverse_sql="UPDATE person SET replied_at = NULL",
        ),
        ops.RunSQL(
            sql="CREATE INDEX person_replied ON person (workspace_id, replied_at, id) WHERE replied_at IS NOT NULL",
            reverse_sql="DROP INDEX person_replied",
        ),
        ops.RunSQL(
            sql="CREATE TABLE former_address (email_key VARCHAR(320) NOT NULL, person_id VARCHAR(40) NOT NULL"
            " REFERENCES person (id) ON DELETE CASCADE, workspace_id VARCHAR(40) NOT NULL, PRIMARY KEY (email_key,"
            " person_id))",
            reverse_sql="DROP TABLE former_address",
        ),
        ops.RunSQL(
            sql="CREATE INDEX former_address_of ON former_address (person_id)",
            reverse_sql="DROP INDEX former_address_of",
        ),
    ]
