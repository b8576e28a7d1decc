"""Every phase of SMTP with every trouble, down to the row of the ledger."""

from tests.faults import smtp_phases as smtp


async def test_every_phase_with_every_answer(database: str) -> None:
    await smtp.prepare()
    for phase in smtp.PHASES:
        for answer in smtp.ANSWERS:
            await smtp.reset()
            got = await smtp.outcome(phase, answer)
            assert got == smtp.expected(phase, answer), (phase, answer)
