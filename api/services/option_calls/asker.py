"""Ask the send options of packages: send questions to workers, and find out which option killed a worker."""

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from api.clock import Clock
from api.services.common.metrics import Metrics
from api.services.option_calls import workers
from api.services.option_calls.answering import Answers, ImportFailedError
from api.services.option_calls.call_limits import CALL_LIMITS, MAX_QUESTIONS
from api.services.option_calls.guarded_option import Mark, imported_package
from api.services.plugin_health.breaker import TIME_OF_PROBE, Breaker
from api.services.plugin_health.faults import Fault, fault_of_exception, fault_of_limit, two_answers
from api.services.plugin_health.health import breakers
from api.services.plugin_health.recording import record_answer, record_faults, take_probe
from api.worker_processes.limits import LimitExceededError, WorkerFaultError
from plugins.loading.declaration_checks import UnusableError
from strategies import Refusal
from strategies.codes import StrategyCode
from strategies.questions import Answer, Question
from strategies.registry import SendOptions

log = logging.getLogger("touchline.options")

HEALTH_KEPT_FOR = timedelta(seconds=2)
"""How long a process relies on the health that it has read. Others may have paused an option meanwhile."""
IMPORT = "the import of its package"


class OptionAsker:
    """Asks the options of one process in worker processes.

    Each question gets an answer: a value, the option's own refusal, or a failure that names the option. A worker that
    dies has marked its last call. That question gets a failure, and the others of the message are asked again. Health
    is read and written here, so the breaker applies to all calls.
    """

    def __init__(self, options: SendOptions, clock: Clock, metrics: Metrics) -> None:
        self.options = options
        self._clock = clock
        """Real time, UTC."""
        self._metrics = metrics
        self._breakers: dict[str, Breaker] = {}
        """The health of options that have failed. ``_read_health`` and ``_record`` change it."""
        self._read_at: datetime | None = None

    async def find(self, questions: Sequence[Question]) -> Sequence[Answer]:
        """Return the answers to questions, in their order."""
        groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, question in enumerate(questions):
            groups[tuple(sorted({self.options.distribution(key) for key in question.keys}))].append(number)
        answers: dict[int, Answer] = {}
        for packages, numbers in groups.items():
            conversation = _Conversation(self, packages)
            answers |= await conversation.find({number: questions[number] for number in numbers})
        return [answers[number] for number in range(len(questions))]

    async def run(self, packages: tuple[str, ...], questions: Sequence[Question], paused: Collection[str]) -> Answers:
        """Answer questions in a worker. Tests replace this method, because a worker does not see their packages."""
        return await workers.run(packages, questions, paused)

    async def pauses(self, keys: Collection[str], probing: set[str]) -> set[str]:
        """Return those of these options that are paused. Adds those that this process may ask again to ``probing``."""
        now = self._clock()
        await self._read_health(now)
        paused = set()
        for key in keys:
            breaker = self._breakers.get(key, Breaker())
            if breaker.paused_until is None or key in probing:
                continue
            if breaker.can_be_asked(now) and await take_probe(key, now):
                self._breakers[key] = Breaker(paused_until=now + TIME_OF_PROBE)
                probing.add(key)
            else:
                paused.add(key)
        return paused

    async def record(self, option: str, faults: Sequence[Fault]) -> None:
        """Store faults of an option."""
        package = self.options.distribution(option)
        for fault in faults:
            self._metrics.option_faults(option, package, fault.code).inc()
        self._breakers[option] = await record_faults(option, package, faults, self._clock())

    async def record_probe(self, option: str) -> None:
        """Store that a paused option has answered again."""
        await record_answer(option, self.options.distribution(option), self._clock())
        self._breakers.pop(option, None)

    def failure(self, option: str, fault: Fault) -> Answer:
        """Return the answer to a question on which an option has failed."""
        package = self.options.distribution(option)
        values = {"option": option, "package": package, "fault": fault.sentence}
        return Answer(refusal=Refusal.of(StrategyCode.SEND_OPTION_FAILED, case="limit", **values))

    def log_traceback(self, option: str, call: str, traceback: str) -> None:
        """Log an exception of an option."""
        package = self.options.distribution(option)
        log.error("the send option %s (%s) failed in %s:\n%s", option, package, call, traceback)

    async def _read_health(self, now: datetime) -> None:
        if self._read_at is None or not self._read_at <= now < self._read_at + HEALTH_KEPT_FOR:
            self._breakers, self._read_at = await breakers(), now


class _Conversation:
    """The questions to the options of one set of packages, until all have an answer."""

    def __init__(self, asker: OptionAsker, packages: tuple[str, ...]) -> None:
        self.asker = asker
        self.packages = packages
        self.probing: set[str] = set()
        """Paused options that this conversation may ask again."""
        self.answers: dict[int, Answer] = {}

    async def find(self, waiting: dict[int, Question]) -> dict[int, Answer]:
        """Return the answers by number."""
        while waiting:
            keys = {key for question in waiting.values() for key in question.keys}
            paused = await self.asker.pauses(keys, self.probing)
            numbers = list(waiting)[: 1 if self.probing else MAX_QUESTIONS]
            await self._ask(numbers, [waiting[number] for number in numbers], paused)
            waiting = {number: question for number, question in waiting.items() if number not in self.answers}
        return self.answers

    async def _ask(self, numbers: Sequence[int], questions: Sequence[Question], paused: Collection[str]) -> None:
        """Send one message, and add what it answers."""
        try:
            reply = await self.asker.run(self.packages, questions, paused)
        except LimitExceededError as error:
            await self._killed(numbers, questions, error)
        except ImportFailedError as error:
            log.exception("cannot import the package %s in a worker", error.package)
            await self._cannot_import(numbers, questions, fault_of_exception(error.error, IMPORT), error.package)
        except (UnusableError, WorkerFaultError) as error:
            log.exception("cannot import the packages %s in a worker", ", ".join(self.packages))
            await self._cannot_import(numbers, questions, fault_of_exception(type(error).__name__, IMPORT), None)
        else:
            self.answers |= zip(numbers, reply.answers, strict=False)
            await self._store_faults(reply)

    async def _killed(self, numbers: Sequence[int], questions: Sequence[Question], error: LimitExceededError) -> None:
        mark = Mark.of(error.mark)
        if mark is None:
            fault = fault_of_limit(error.limit, error.limits, IMPORT)
            await self._cannot_import(numbers, questions, fault, imported_package(error.mark))
            return
        fault = fault_of_limit(error.limit, CALL_LIMITS, mark.call)
        self.probing.discard(mark.option)
        await self.asker.record(mark.option, [fault])
        self.answers[numbers[mark.question]] = self.asker.failure(mark.option, fault)

    async def _cannot_import(
        self, numbers: Sequence[int], questions: Sequence[Question], fault: Fault, package: str | None
    ) -> None:
        """Answer all questions with a failure, because a worker cannot load a package. None: it is not known which."""

        def failed(option: str) -> bool:
            return package is None or self.asker.options.distribution(option) == package

        for option in sorted({key for question in questions for key in question.keys if failed(key)}):
            self.probing.discard(option)
            await self.asker.record(option, [fault])
        for number, question in zip(numbers, questions, strict=True):
            option = next(filter(failed, question.keys), question.keys[0])
            self.answers[number] = self.asker.failure(option, fault)

    async def _store_faults(self, reply: Answers) -> None:
        faults: dict[str, list[Fault]] = defaultdict(list)
        for raised in reply.raised:
            faults[raised.option].append(fault_of_exception(raised.error, raised.call))
            if raised.traceback:
                self.asker.log_traceback(raised.option, raised.call, raised.traceback)
        for option in sorted(reply.not_deterministic):
            faults[option].append(two_answers())
        for option, found in faults.items():
            await self.asker.record(option, found)
        for option in sorted(self.probing & reply.asked):
            self.probing.discard(option)
            await self.asker.record_probe(option)
