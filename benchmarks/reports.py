"""How long the numbers of subjects, and reports, take beside many emails."""

from api.store.engine.database import is_postgres
from api.store.reports.folding import fold
from benchmarks.bulk_filling import bulk_filling
from benchmarks.lists import times
from benchmarks.populated import Size, populate, refresh_statistics
from benchmarks.populated_lists import AT_ONCE
from benchmarks.world import row

MARK = "r"
NUMBERS = "emails { scheduled sent delivered opened clicked replied bounced unsubscribed failed } tasks { open done }"
LIMIT_MILLISECONDS = 10


def queries() -> dict[str, str]:
    """Return the measured documents, by what they are."""

    def made(prefix: str, number: int) -> str:
        return f'"{prefix}_{MARK}{number:025d}"'

    lines = f"nodes {{ {NUMBERS} }}"
    campaign, sender = f"campaignId: {made('cmp', 1)}", f"senderId: {made('sdr', 1)}"
    return {
        "numbers of a campaign": f"campaign(id: {made('cmp', 1)}) {{ stats {{ {NUMBERS} people {{ total active }} }} }}",
        "numbers of the steps of a campaign": f"campaign(id: {made('cmp', 1)}) {{ steps {{ stats {{ {NUMBERS} }} }} }}",
        "numbers of 50 campaigns": f"campaigns(first: 50) {{ nodes {{ stats {{ {NUMBERS} }} }} }}",
        "report by day": f"report(by: DAY, first: 30) {{ nodes {{ day {NUMBERS} }} }}",
        "report by day of a campaign": f"report(by: DAY, first: 30, filter: {{{campaign}}}) {{ {lines} }}",
        "report by day of a sender": f"report(by: DAY, first: 30, filter: {{{sender}}}) {{ {lines} }}",
        "report by sender": f"report(by: SENDER) {{ {lines} }}",
        "report by template": f"report(by: TEMPLATE) {{ {lines} }}",
        "report by campaign": f"report(by: CAMPAIGN) {{ {lines} }}",
        "report by campaign in a period": f'report(by: CAMPAIGN, from: "2026-01-01", to: "2099-12-31") {{ {lines} }}',
        "report by step of a campaign": f"report(by: STEP, filter: {{{campaign}}}) {{ {lines} }}",
        "report by day of a campaign and sender": f"report(by: DAY, filter: {{{campaign}, {sender}}}) {{ {lines} }}",
    }


async def measure(emails: int) -> None:
    """Print the time of each document beside so many emails."""
    async with bulk_filling():
        workspace = await populate(Size(emails), MARK)
    await fold(AT_ONCE)
    await refresh_statistics()
    kind = "PostgreSQL" if is_postgres() else "SQLite"
    for what, milliseconds in (await times(workspace, queries())).items():
        row(
            f"{kind}: {what}",
            f"{milliseconds:.1f} ms at {emails:,} emails",
            f"{LIMIT_MILLISECONDS} ms",
            milliseconds / LIMIT_MILLISECONDS,
            "≤ 1",
        )
