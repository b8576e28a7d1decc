"""Every phase of SMTP with every trouble, down to the row of the ledger."""

from collections.abc import Iterator
from itertools import product

from tests.cases import all_cases
from tests.faults import smtp_phases as smtp


def states(database_kind: str) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield every phase with every answer: by default with one greeting, and on the other database with the other."""
    for number, (phase, answer) in enumerate(product(smtp.PHASES, smtp.ANSWERS)):
        turn = (number + (database_kind == "postgres")) % len(smtp.GREETINGS)
        for greeting in smtp.GREETINGS if all_cases() else smtp.GREETINGS[turn:][:1]:
            yield phase, answer, greeting


async def test_every_phase_with_every_answer(database: str, database_kind: str) -> None:
    await smtp.prepare()
    for phase, answer, greeting in states(database_kind):
        await smtp.reset()
        got = await smtp.outcome(phase, answer, greeting)
        assert got == smtp.expected(phase, answer), (phase, answer, greeting)
