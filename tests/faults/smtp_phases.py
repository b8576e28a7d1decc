"""What each answer of a mail server, at each phase, makes of an email, of its account, and of the next email."""

from datetime import timedelta

from api.clock import system_clock
from api.models import AccountPause, Enrollment, Person, Send
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.dispatch.dispatcher import Dispatcher
from plugins.loading.manager import load
from tests.faults.authoring import author_single_email
from tests.plugins.scripted import DROP, HANG, ScriptedServer

FOR_NOW = (b"421 closing", b"451 later")
DEAD = (b"550 5.1.1 user unknown", b"550-no\r\n550 such user")
REFUSED = (b"550 no", b"552 too much", b"550 5.7.1 spam")
ANSWERS = (*FOR_NOW, *DEAD, *REFUSED, b"503 5.5.1 bad sequence", DROP, HANG, b"\x00\xff what?")
PHASES = ("GREETING", "EHLO", "RSET", "MAIL", "RCPT", "DATA", "CONTENT")
GREETINGS = (b"250 here", b"250-here\r\n250 PIPELINING")
"""Commands leave one by one, and together."""
STATES = [(phase, answer, greeting) for phase in PHASES for answer in ANSWERS for greeting in GREETINGS]

State = tuple[str, int, str | None, bool]
"""Status (with the kind of bounce), attempts, reason, and whether the account waits."""


def expected(phase: str, answer: bytes) -> State:
    """Return what must become of the email."""
    code = f"SMTP_{answer[:3].decode()}" if answer[:3].isdigit() else None
    lost = {DROP: "CONNECTION_LOST", HANG: "TIMEOUT"}.get(answer, "UNEXPECTED_REPLY")
    if phase == "EHLO" and code in {"SMTP_503", "SMTP_550"}:
        return "SENT", 0, None, False  # it is greeted by HELO
    if phase in {"GREETING", "EHLO"}:  # the account cannot be opened: whatever it says is no word about the email
        return "SCHEDULED", 0, None, True
    if phase == "RSET" or answer.startswith(b"421"):
        return "SCHEDULED", 0, code or lost, True
    if answer.startswith(b"451"):
        return "DEFERRED", 1, code, False
    if code == "SMTP_503" or (code and phase == "MAIL" and b"5.7" not in answer):
        return "FAILED", 0, code, False  # our commands, or our sender
    if code:
        return "BOUNCED HARD" if answer in DEAD else "BOUNCED SOFT", 0, code, False
    if phase == "CONTENT":
        return "IN_DOUBT", 0, lost, False
    return "SCHEDULED", 0, lost, True


async def outcome(phase: str, answer: bytes, greeting: bytes) -> State:
    """Send one email to a server that gives this answer at this phase. The database is open and empty of sends."""
    async with ScriptedServer({"EHLO": greeting, phase: answer}).running() as server:
        url = f"smtp://127.0.0.1:{server.port}?security=none&timeout=30&final_timeout=30&helo=test"
        runtime = DispatchRuntime(load({"TOUCHLINE_SMTP_URL": url}), system_clock, lambda person: None, lambda: None)
        dispatcher = Dispatcher(runtime)
        await dispatcher.step(system_clock())
        await dispatcher.drain()
    send = await Send.get()
    assert send.attempt_id is None or send.status == "IN_DOUBT"
    assert send.lease_until is None
    reason = None if phase in {"GREETING", "EHLO"} else send.reason
    hard = send.bounce is not None and str(send.bounce) == "HARD"
    # A dead address marks the person and ends the campaign, and nothing else does.
    assert (await Person.get()).bounced_at == (send.bounced_at if hard else None)
    assert await Enrollment.filter(end_reason="BOUNCED", status="ENDED").exists() == hard
    status = f"BOUNCED {send.bounce}" if send.bounce else str(send.status)
    return status, send.attempts, reason, await AccountPause.all().exists()


async def prepare() -> None:
    """Fill the open database with one email that is due."""
    await author_single_email()


async def reset() -> None:
    """Make the email due again, as if nothing had happened."""
    await AccountPause.all().delete()
    await Person.all().update(bounced_at=None)
    await Enrollment.all().update(status="ACTIVE", end_reason=None, ended_at=None)
    await Send.all().update(
        status="SCHEDULED",
        attempts=0,
        reason=None,
        attempt_id=None,
        bounce=None,
        bounced_at=None,
        due_at=system_clock() - timedelta(seconds=1),
    )
