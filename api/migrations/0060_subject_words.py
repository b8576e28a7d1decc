"""The words of subjects: of templates, of steps, and of emails whose subject a person wrote.

Triggers keep them, so that no writer can forget it. An email with the subject of its step or template has no words of
its own, so dispatch and launches write none.
"""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

CONTROLS = range(1, 32)
SIGNS = " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\u00a0\u00ab\u00bb\u2013\u2014\u2018\u2019\u201c\u201d\u201e\u2026"
"""What separates words, as in store/emails/subject_words.py."""
BEGINS = (
    "(SELECT DISTINCT substr(text, place, 40) AS word FROM ({text}) AS given{cross}{places}"
    " WHERE place <= length(text) AND NOT {is_separator} AND (place = 1 OR {follows_separator}) AND NOT {in_field})"
    " AS words"
)
"""The text from the beginning of each word on. Words in a dynamic field, ``{{ first_name }}``, do not count."""
BEFORE = "length(substr(text, 1, place)) - length(replace(substr(text, 1, place), '{mark}', ''))"
IN_FIELD = f"({BEFORE.format(mark='{{')} > {BEFORE.format(mark='}}')})"
KINDS = {"send": "EMAIL", "template": "TEMPLATE", "step": "STEP"}
TABLE = (
    "CREATE TABLE subject_word (workspace_id VARCHAR(40) NOT NULL, kind VARCHAR(10) NOT NULL,"
    " owner_id VARCHAR(40) NOT NULL, word VARCHAR(40) NOT NULL, PRIMARY KEY (owner_id, word))"
)
INDEX = "CREATE INDEX subject_word_found ON subject_word (workspace_id, kind, word{bytes}, owner_id)"
ADD = (
    "INSERT INTO subject_word (workspace_id, kind, owner_id, word)"
    " SELECT {row}.workspace_id, '{kind}', {row}.id, words.word FROM {source}{words} WHERE {row}.subject <> ''"
)
REMOVE = "DELETE FROM subject_word WHERE owner_id = OLD.id"
CHANGES = {
    "INSERT": ("NEW.subject <> ''", (ADD,)),
    "UPDATE": ("OLD.subject {differs} NEW.subject", (REMOVE, ADD)),
    "DELETE": ("OLD.subject <> ''", (REMOVE,)),
}
"""By event: when a trigger runs for a row, and what it does."""


def _sqlite_words(row: str) -> str:
    """Return the words of a row as an SQL table. Triggers cannot have WITH, so places are made of digits."""
    digits = "json_each('[0,1,2,3,4,5,6,7,8,9]')"
    places = (
        f"(SELECT hundreds.value * 100 + tens.value * 10 + ones.value + 1 AS place FROM {digits} AS hundreds,"
        f" {digits} AS tens, {digits} AS ones)"
    )
    separators = f"(char({', '.join(map(str, CONTROLS))}) || {_quoted(SIGNS)})"
    return _words(f"SELECT lower({row}.subject) AS text", ", ", places, f"instr({separators}, ")


def _postgres_words(row: str) -> str:
    """Return the words of a row as an SQL table."""
    controls = "".join(f"\\x{each:02x}" for each in CONTROLS)
    text = f'SELECT lower({row}.subject COLLATE "C") AS text'
    places = "generate_series(1, length(text)) AS place"
    return _words(text, " CROSS JOIN LATERAL ", places, f"strpos(E'{controls}' || {_quoted(SIGNS)}, ")


def _words(text: str, cross: str, places: str, found: str) -> str:
    """Return the words of a text. ``found`` begins the call that says where a character is among the separators."""
    return BEGINS.format(
        text=text,
        cross=cross,
        places=places,
        is_separator=f"{found}substr(text, place, 1)) > 0",
        follows_separator=f"{found}substr(text, place - 1, 1)) > 0",
        in_field=IN_FIELD,
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _statements(table: str, *, postgres: bool) -> list[str]:
    """Return the statements that add the words of a table's rows, and create its triggers."""
    words = _postgres_words if postgres else _sqlite_words
    of_row = {"kind": KINDS[table], "row": "NEW", "source": "", "words": words("NEW")}
    if postgres:
        of_all = {"kind": KINDS[table], "row": table, "source": f"{table} CROSS JOIN LATERAL ", "words": words(table)}
        found = [ADD.format(**of_all)]
    else:  # SQLite has no LATERAL
        found = [
            f"CREATE TRIGGER add_words AFTER UPDATE OF subject ON {table} BEGIN {ADD.format(**of_row)}; END",
            f"UPDATE {table} SET subject = subject WHERE subject <> ''",
            "DROP TRIGGER add_words",
        ]
    for event, (condition, actions) in CHANGES.items():
        name, body = f"{table}_subject_{event.lower()}", "; ".join(each.format(**of_row) for each in actions)
        when = condition.format(differs="IS DISTINCT FROM" if postgres else "IS NOT")
        on = f"AFTER {event}{' OF subject' if event == 'UPDATE' else ''} ON {table}"
        if postgres:
            found.append(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $words$ BEGIN {body}; RETURN NULL; END"
                " $words$"
            )
            found.append(f"CREATE TRIGGER {name} {on} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()")
        else:
            found.append(f"CREATE TRIGGER {name} {on} WHEN {when} BEGIN {body}; END")
    return found


class KeepWords(ops.RunPython):
    """The table, its rows, and the triggers."""

    def __init__(self) -> None:
        super().__init__(self._create, self._drop)

    def undo(self, postgres: bool) -> list[str]:
        """Return the statements that drop what this migration has created."""
        names = {f"{table}_subject_{event.lower()}": table for table in KINDS for event in CHANGES}
        drops = [f"DROP TRIGGER {name}{f' ON {table}' if postgres else ''}" for name, table in names.items()]
        drops += [f"DROP FUNCTION {name}()" for name in names] if postgres else []
        return [*drops, "DROP TABLE subject_word"]

    async def _create(self, apps: Any, editor: Any) -> None:
        postgres = editor.client.capabilities.dialect == "postgres"
        statements = [TABLE, INDEX.format(bytes=' COLLATE "C"' if postgres else "")]
        # Until the commit nobody writes these rows, so none is missed.
        statements += [f"LOCK TABLE {', '.join(sorted(KINDS))} IN SHARE ROW EXCLUSIVE MODE"] if postgres else []
        statements += [each for table in KINDS for each in _statements(table, postgres=postgres)]
        for statement in statements:
            await editor.client.execute_script(statement)

    async def _drop(self, apps: Any, editor: Any) -> None:
        for statement in self.undo(editor.client.capabilities.dialect == "postgres"):
            await editor.client.execute_script(statement)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0059_list_plans")]
    initial = False

    operations = [KeepWords()]
