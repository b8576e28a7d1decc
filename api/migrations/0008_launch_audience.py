"""The audience of a launch in the background is a table, stored when the launch starts, instead of a list and a clock."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

TABLE = (
    "CREATE TABLE launch_audience (launch_id VARCHAR(40) NOT NULL REFERENCES launch (id) ON DELETE CASCADE,"
    " position INT NOT NULL, person_id VARCHAR(200) NOT NULL, PRIMARY KEY (launch_id, position))"
)
# Launches that are under way keep their people: those who were given by id, or who were there when it began.
GIVEN = {
    "postgres": """INSERT INTO launch_audience SELECT launch.id, given.position, given.person_id
        FROM launch, jsonb_array_elements_text(CASE WHEN audience = 'null' THEN '[]' ELSE audience END::jsonb)
        WITH ORDINALITY AS given(person_id, position)
        WHERE status IN ('RUNNING', 'PAUSED') AND given.position > processed""",
    "sqlite": """INSERT INTO launch_audience SELECT launch.id, given.key + 1, given.value
        FROM launch, json_each(CASE WHEN audience = 'null' THEN '[]' ELSE audience END) AS given
        WHERE status IN ('RUNNING', 'PAUSED') AND given.key + 1 > processed""",
}
EVERYONE = """INSERT INTO launch_audience
    SELECT launch.id, launch.processed + row_number() OVER (PARTITION BY launch.id ORDER BY person.id), person.id
    FROM launch JOIN person ON person.workspace_id = launch.workspace_id AND person.id > launch.cursor
    AND person.created_at <= launch.launched_at
    WHERE launch.status IN ('RUNNING', 'PAUSED') AND launch.audience = 'null'"""
TOTAL = """UPDATE launch
    SET total = processed + (SELECT count(*) FROM launch_audience WHERE launch_id = launch.id)
    WHERE status IN ('RUNNING', 'PAUSED')"""


async def keep_people(apps: Any, editor: Any) -> None:
    for statement in (GIVEN[editor.client.capabilities.dialect], EVERYONE, TOTAL):
        await editor.client.execute_script(statement)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0007_edits")]
    initial = False

    operations = [
        ops.RunSQL(sql=TABLE, reverse_sql="DROP TABLE launch_audience"),
        ops.RunPython(keep_people),
        ops.RunSQL(
            sql="ALTER TABLE launch DROP COLUMN audience",
            reverse_sql="ALTER TABLE launch ADD COLUMN audience TEXT NOT NULL DEFAULT 'null'",
        ),
        ops.RunSQL(
            sql="ALTER TABLE launch DROP COLUMN cursor",
            reverse_sql="ALTER TABLE launch ADD COLUMN cursor VARCHAR(40) NOT NULL DEFAULT ''",
        ),
    ]
