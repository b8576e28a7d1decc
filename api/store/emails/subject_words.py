"""The words of subjects, by which emails are found. Triggers keep them; see the migration that creates them.

Templates, steps and emails with a subject of their own have words. All other emails have those of their step.
"""

from api.models import Step
from api.store.engine.listing.listing_statement import Condition, Statement, Values
from api.store.engine.sql import execute, in_byte_order, in_values, is_found
from api.store.people.person_search import begins_with, spellings

SEPARATORS = (
    "".join(map(chr, range(1, 33)))
    + "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\u00a0\u00ab\u00bb\u2013\u2014\u2018\u2019\u201c\u201d\u201e\u2026"
)
"""Characters that separate words."""
MAX_WORD_CHARACTERS = 40
"""The first characters of a word that are compared."""
FOLLOW_UPS = (
    "SELECT step.id FROM step AS earlier JOIN step ON step.campaign_id = earlier.campaign_id"
    " AND step.number = earlier.number + 1 AND step.removed_at IS NULL AND step.follow_up"
    " AND coalesce(step.subject, '') = ''"
    " AND coalesce((SELECT subject FROM template WHERE template.id = step.template_id), '') = ''"
    " WHERE earlier.removed_at IS NULL AND "
)
"""The follow-ups without a subject of some steps: they have the subject of the email before them."""
SPACES = str.maketrans(dict.fromkeys(SEPARATORS, " "))


def parts_of(word: str) -> list[str]:
    """Split a word of a search text as subjects are split: ``follow-up`` into ``follow`` and ``up``."""
    return [part[:MAX_WORD_CHARACTERS] for part in word.translate(SPACES).split()]


async def emails_with(workspace_id: str, word: str, limit: int) -> list[str]:
    """Return the ids of up to ``limit`` emails whose own subjects have the beginnings in a word."""
    return await _owners(workspace_id, "EMAIL", word, limit)


def own_subject_has(word: str) -> Condition | None:
    """Return the condition that a row's own subject has the beginnings in a word; None if the word has no parts."""
    parts = [_begins(part) for part in parts_of(word)]
    each = [is_found(f"subject_word WHERE owner_id = send.id AND ({part.sql})") for part in parts]
    return Condition(" AND ".join(each), tuple(value for part in parts for value in part.values)) if parts else None


async def steps_with(workspace_id: str, word: str, within: list[str] | None, limit: int) -> list[str]:
    """Return the ids of up to ``limit`` steps, or more, whose emails' subjects have the beginnings in a word.

    With ``within``, only those of these steps.
    """
    templates = await _owners(workspace_id, "TEMPLATE", word, limit)
    own = await _owners(workspace_id, "STEP", word, limit)
    if not templates and not own:
        return []
    statement = Statement(Step, Values())
    limits = [Condition("workspace_id = {}", (workspace_id,))]
    if within is not None:
        of_steps = f"SELECT campaign_id FROM step AS chosen WHERE {in_values('chosen.id', '{}')}"
        limits.append(Condition(f"campaign_id IN ({of_steps})", (within,)))
    of_template = Condition(f"{in_values('template_id', '{}')} AND coalesce(subject, '') = ''", (templates,))
    removed = [Condition("removed_at IS NULL"), Condition("removed_at IS NOT NULL")]
    kinds = [*((of_template, each) for each in removed), (Condition(in_values("id", "{}"), (own,)),)]
    selects = [f"SELECT id FROM step WHERE {statement.where((*kind, *limits))}" for kind in kinds]
    rows = await execute(f"{' UNION '.join(selects)} LIMIT {limit}", *statement.values.all)
    found = dict.fromkeys(row["id"] for row in rows)
    newest = [*found]
    while newest and len(found) < limit:
        rows = await execute(f"{FOLLOW_UPS}{in_values('earlier.id', '$1')}", newest)
        newest = [row["id"] for row in rows if row["id"] not in found]
        found |= dict.fromkeys(newest)
    return [each for each in found if within is None or each in within]


async def _owners(workspace_id: str, kind: str, word: str, limit: int) -> list[str]:
    """Return the ids of up to ``limit`` rows of a kind whose subject has the beginnings in a word."""
    parts = [_begins(part) for part in parts_of(word)]
    if not parts:
        return []
    first, *others = parts
    statement = Statement(Step, Values())
    found = statement.where((Condition("workspace_id = {}", (workspace_id,)), Condition("kind = {}", (kind,)), first))
    also = "".join(
        f" AND EXISTS (SELECT 1 FROM subject_word WHERE owner_id = found.owner_id AND {statement.where((other,))})"
        for other in others
    )
    rows = await execute(
        f"SELECT owner_id FROM subject_word AS found WHERE {found}{also} LIMIT {limit}", *statement.values.all
    )
    return [*dict.fromkeys(row["owner_id"] for row in rows)]


def _begins(part: str) -> Condition:
    """Return the condition that a word begins with a text."""
    each = [begins_with(in_byte_order("word"), spelling) for spelling in spellings(part)]
    return Condition(f"({' OR '.join(one.sql for one in each)})", tuple(value for one in each for value in one.values))
