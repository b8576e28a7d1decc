"""Answers arrive in a real mailbox while a campaign is sent, and processes are killed (kill -9) meanwhile.

At the end exactly the right people have ended their campaign, and each answer counts once.
"""

import asyncio
import random
import time
from collections import Counter
from functools import partial
from typing import NamedTuple

from api.clock import system_clock
from api.models import Enrollment, Event, IncomingEvent, Job, MailboxFolder, Reply, Send
from api.states import EnrollmentStatus, ReplyKind, SendStatus
from tests.client import SECRET
from tests.dovecot import Account, dovecot
from tests.faults.answering import Answer, Received, answer_to
from tests.faults.authoring import author_answered
from tests.faults.machines import CONNECTIONS, Count, Machines, machines
from tests.faults.scenarios import kind, processes_on
from tests.faults.sink import Sink

DELAY_SECONDS = 4.0
"""Answers arrive up to so long after their email."""
SETTLE_SECONDS = 120.0
"""The longest wait without progress. It is longer than the lease of a job, which a killed process keeps."""


class AnsweringSink(Sink):
    """Takes emails at about ``rate`` a second, and lets each answer arrive in the mailbox a little later."""

    def __init__(self, account: Account, rate: float, at_once: int) -> None:
        self._chance = random.Random(11)
        mean = at_once / rate
        super().__init__(lambda: self._chance.uniform(0, 2 * mean))
        self._account = account
        self.answers: dict[int, Answer] = {}
        """The answers by the number of the person. Those of the last seconds are still on their way."""
        self.on_the_way = 0

    def take(self, content: bytes, sender: str) -> None:
        """Count an email, and answer it."""
        super().take(content, sender)
        email = Received.of(content, sender)
        answer = answer_to(email)
        if answer is not None and email.number not in self.answers:
            self.answers[email.number] = answer
            self.on_the_way += 1
            asyncio.get_running_loop().call_later(self._chance.uniform(0, DELAY_SECONDS), self._arrive, answer)

    def _arrive(self, answer: Answer) -> None:
        self.on_the_way -= 1
        if answer.spam:
            self._account.write([answer.mail], ".Junk")
        self._account.write([answer.mail] * answer.copies)


class Ending(NamedTuple):
    """What became of a person's campaign."""

    status: EnrollmentStatus
    reason: str | None


async def answered(url: str, kills: int, people: int, rate: float = 25) -> Count:
    """Kill a process so many times while emails are sent and answers arrive. Compare all people at the end."""
    count = processes_on(url)
    result = Count("kill -9 while answers arrive", kind(url), allowed_doubts=kills * CONNECTIONS)
    chance = random.Random(12)
    with dovecot() as server:
        account = server.account()
        account.client().logout()  # makes the folders
        sink = AnsweringSink(account, rate, CONNECTIONS * count)
        environment = {
            "TOUCHLINE_IMAP_URL": account.url(timeout=60),
            "TOUCHLINE_RETURN_PATH": "bounces@example.org",
            "TOUCHLINE_SECRET": SECRET,
        }
        fill = partial(author_answered, sender=account.user)
        async with machines(url, people, sink, fill, environment) as world:
            began = time.monotonic()
            running = [await world.start() for _ in range(count)]
            seconds_between = people / rate / (kills + 1)
            while result.times < kills:
                await world.busy(running[0])
                await asyncio.sleep(chance.uniform(0, 2) * seconds_between)
                victim = running.pop(0)
                victim.kill()
                await victim.wait()
                result.times += 1
                running.append(await world.start())
            await _settle(world, sink)
            await world.finish()
            result.seconds = time.monotonic() - began
            await _count_emails(result, sink)
            result.wrong += await _wrong_answers(sink)
    kinds = Counter(answer.name for answer in sink.answers.values())
    ended = sum(answer.ends is not None for answer in sink.answers.values())
    result.notes.append(
        f"{people} people, {len(sink.answers)} answers of {len(kinds)} kinds, {ended} campaigns ended, none wrong"
        if not result.wrong
        else f"{len(sink.answers)} answers"
    )
    return result


async def _settle(world: Machines, sink: AnsweringSink) -> None:
    """Wait until every email is sent and every answer is read and applied.

    The limit is for a wait without progress: a slow machine takes longer for all of them, but not for the next one.
    """
    until, before = time.monotonic() + SETTLE_SECONDS, ""
    while True:
        waiting = await world.waiting()
        expected = len(sink.answers)
        stored, done = (
            await IncomingEvent.all().count(),
            await IncomingEvent.filter(done_at__isnull=False).count(),
        )
        if not waiting and not sink.on_the_way and stored == done == expected:
            return
        state = f"{waiting} emails wait, {sink.on_the_way} answers on their way, {done} of {stored} of {expected} done"
        if state != before:
            until, before = time.monotonic() + SETTLE_SECONDS, state
        assert time.monotonic() < until, f"{state}; {await _open_work()}; see {world.folder}"
        await asyncio.sleep(0.3)


async def _open_work() -> str:
    """Return the answers that are not applied, and the jobs that are open: why there is no progress."""
    rows = await IncomingEvent.filter(done_at=None).values("id", "kind", "attempts", "due_at", "reason")
    jobs = await Job.filter(finished_at=None).values("kind", "state", "failures", "lease_until", "problem")
    return f"{rows}; {jobs}; at {system_clock()}"


async def _count_emails(result: Count, sink: AnsweringSink) -> None:
    """Compare the first email of each person with what the mail server received."""
    statuses = dict(await Send.filter(step__day=1).values_list("id", "status"))
    sent = [send_id for send_id, status in statuses.items() if status in {SendStatus.SENT, SendStatus.BOUNCED}]
    result.sends, result.sent = len(statuses), len(sent)
    result.in_doubt = sum(status is SendStatus.IN_DOUBT for status in statuses.values())
    result.lost = result.sends - result.sent - result.in_doubt
    result.lost += sum(not sink.received[send_id] for send_id in sent)
    result.duplicates = sum(times - 1 for times in sink.received.values())
    events = Counter(await Event.filter(kind="EMAIL_SENT").values_list("send_id", flat=True))
    if unseen := [send_id for send_id in sent if events[send_id] != 1]:
        result.wrong.append(f"{len(unseen)} sent emails are not in the Live Feed exactly once")


async def _wrong_answers(sink: AnsweringSink) -> list[str]:
    """Compare what became of each person with what their answer says."""
    rows = await Enrollment.all().values_list("id", "person__email", "status", "end_reason")
    numbers = {enrollment_id: int(email.partition("@")[0][1:]) for enrollment_id, email, _, _ in rows}
    wrong = []
    for enrollment_id, _, status, reason in rows:
        answer = sink.answers.get(numbers[enrollment_id])
        expected = Ending(EnrollmentStatus.ACTIVE, None)
        if answer is not None and answer.ends is not None:
            expected = Ending(EnrollmentStatus.ENDED, answer.ends)
        if Ending(status, reason) != expected:
            wrong.append(f"p{numbers[enrollment_id]}: {status} {reason} after {answer.name if answer else 'no answer'}")
    wrong += await _wrong_second_emails(numbers, sink)
    wrong += await _wrong_counts(sink)
    return wrong


async def _wrong_second_emails(numbers: dict[str, int], sink: AnsweringSink) -> list[str]:
    """The second email of a person is still scheduled, unless their campaign has ended."""
    wrong = []
    for enrollment_id, status in await Send.filter(step__day=5).values_list("enrollment_id", "status"):
        answer = sink.answers.get(numbers[enrollment_id])
        ended = answer is not None and answer.ends is not None
        if str(status) != ("FAILED" if ended else "SCHEDULED"):
            wrong.append(f"p{numbers[enrollment_id]}: the second email is {status}")
    return wrong


async def _wrong_counts(sink: AnsweringSink) -> list[str]:
    """Each answer is stored once, and is in the Live Feed once."""
    names = Counter(answer.name.partition(" ")[0].rstrip(",") for answer in sink.answers.values())
    expected = {
        "REPLIED": names["reply"],
        "AUTO_REPLIED": names["out"],
        "BOUNCED": names["bounce"],
        "COMPLAINED": names["complaint"],
    }
    wrong = []
    for each, answers in expected.items():
        if (events := await Event.filter(kind=each).count()) != answers:
            wrong.append(f"{each}: {events} events for {answers} answers")
    for reply_kind, number in ((ReplyKind.REPLY, names["reply"]), (ReplyKind.AUTO_REPLY, names["out"])):
        if (stored := await Reply.filter(kind=reply_kind).count()) != number:
            wrong.append(f"{stored} replies of the kind {reply_kind} instead of {number}")
    mails = sum(await MailboxFolder.all().values_list("mails", flat=True))
    if mails != len(sink.answers):
        wrong.append(f"the folders count {mails} mails instead of {len(sink.answers)}")
    return wrong
