"""An import stores whose rows were in its file, so that these people can be filtered."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0067_launch_choices")]
    initial = False

    operations = [
        ops.RunSQL(
            sql="CREATE TABLE imported_person (people_import_id VARCHAR(40) NOT NULL REFERENCES people_import (id)"
            " ON DELETE CASCADE, person_id VARCHAR(40) NOT NULL REFERENCES person (id) ON DELETE CASCADE,"
            " PRIMARY KEY (people_import_id, person_id))",
            reverse_sql="DROP TABLE imported_person",
        ),
        ops.RunSQL(
            sql="CREATE INDEX imported_person_of ON imported_person (person_id)",
            reverse_sql="DROP INDEX imported_person_of",
        ),
    ]
