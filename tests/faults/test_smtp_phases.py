"""Every phase of SMTP with every trouble, down to the row of the ledger."""

from tests.faults import smtp_phases as smtp


async def test_every_phase_with_every_answer(database: str) -> None:
    await smtp.prepare()
    for phase, answer, greeting in smtp.STATES:
        await smtp.reset()
        got = await smtp.outcome(phase, answer, greeting)
        assert got == smtp.expected(phase, answer), (phase, answer, greeting)
