"""The texts that reps wrote for emails that were withdrawn, by person and step."""

from tortoise import migrations
from tortoise.migrations import operations as ops

TABLE = (
    "CREATE TABLE written_email (enrollment_id VARCHAR(40) NOT NULL REFERENCES enrollment (id) ON DELETE CASCADE,"
    " step_id VARCHAR(40) NOT NULL REFERENCES step (id) ON DELETE CASCADE, by_hand BOOLEAN NOT NULL,"
    " subject TEXT, html TEXT, written_as_template BOOLEAN NOT NULL, PRIMARY KEY (enrollment_id, step_id))"
)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0012_launch_again")]
    initial = False

    operations = [
        ops.RunSQL(sql=TABLE, reverse_sql="DROP TABLE written_email"),
        ops.RunSQL(
            sql="CREATE INDEX written_email_step ON written_email (step_id)",
            reverse_sql="DROP INDEX written_email_step",
        ),
    ]
