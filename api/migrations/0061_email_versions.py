"""Emails of campaigns have a version as soon as somebody changes their text or time."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0060_subject_words")]
    initial = False

    operations = [
        ops.RunSQL(
            sql="CREATE TABLE email_version (send_id VARCHAR(40) NOT NULL PRIMARY KEY REFERENCES send (id)"
            " ON DELETE CASCADE, version INT NOT NULL)",
            reverse_sql="DROP TABLE email_version",
        ),
    ]
