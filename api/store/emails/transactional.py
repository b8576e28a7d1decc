"""Transactional emails and campaigns: they also go to addresses that have unsubscribed.

An email is transactional if its template is, and no rep wrote its subject or text. A campaign is transactional if it
has emails and all of them have transactional templates.
"""

from collections.abc import Sequence

from api.store.engine.sql import execute, in_list

TRANSACTIONAL_EMAIL = (
    "(send.subject IS NULL AND send.html IS NULL AND coalesce((SELECT template.transactional FROM step"
    " JOIN template ON template.id = step.template_id WHERE step.id = send.step_id), false))"
)
"""SQL condition on a row of ``send``: the email is transactional."""


def transactional_campaign(campaign_id: str) -> str:
    """Return the SQL condition that a campaign is transactional. ``campaign_id`` is an SQL expression."""
    return (
        "coalesce((SELECT min(CASE WHEN template.transactional THEN 1 ELSE 0 END) FROM step"
        f" LEFT JOIN template ON template.id = step.template_id WHERE step.campaign_id = {campaign_id}"
        " AND step.type = 'EMAIL' AND step.removed_at IS NULL), 0) = 1"
    )


async def is_transactional(campaign_id: str) -> bool:
    """Say whether a campaign is transactional."""
    (row,) = await execute(f"SELECT {transactional_campaign('$1')} AS found", campaign_id)
    return bool(row["found"])


async def transactional_steps(step_ids: Sequence[str]) -> set[str]:
    """Return those of these steps that have a transactional template."""
    rows = await execute(
        "SELECT step.id FROM step JOIN template ON template.id = step.template_id"
        f" WHERE {in_list('step.id', 1)} AND template.transactional",
        list(step_ids),
    )
    return {row["id"] for row in rows}
