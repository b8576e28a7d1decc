"""Questions to send options that run in another process.

Code that asks an option is synchronous, and much of it runs inside transactions, which must not wait for a package. So
it asks by ``ask``. If the answer is known, ``ask`` returns it. Otherwise it raises ``Unanswered``, which rolls the
transaction back. ``with_answers`` catches it outside of the transaction, finds the answers, and does the work again
from its start. Questions are values: the same work asks the same questions, so at last all answers are known.

A loop over steps or people collects its questions with ``QuestionCollector``, so that one message has them all.
"""

import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, NamedTuple, ParamSpec, Protocol, TypeVar

from strategies.codes import StrategyCode
from strategies.errors import Refusal

log = logging.getLogger("touchline.options")

Params = ParamSpec("Params")
Result = TypeVar("Result")

MAX_ROUNDS = 1_000
"""Rounds after which work is given up that asks other questions each time. Each step of a campaign may need one."""


class Question:
    """A call of a function whose argument ``options`` are the send options of the process that answers.

    ``keys`` are the options that the function may ask. Equal questions have equal ``identity``.
    """

    __slots__ = ("_identity", "arguments", "function", "keys")

    def __init__(self, function: Callable[..., Any], keys: Sequence[str], arguments: Mapping[str, Any]) -> None:
        self.function = function
        self.keys = tuple(keys)
        self.arguments = arguments
        self._identity: Hashable = None

    @property
    def identity(self) -> Hashable:
        """The function and its arguments. A process that only answers does not need it."""
        if self._identity is None:
            self._identity = (self.function.__qualname__, *map(_hashable, self.arguments.values()))
        return self._identity

    def __reduce__(self) -> tuple[type["Question"], tuple[object, ...]]:
        """Support pickling, because worker processes answer the questions."""
        return Question, (self.function, self.keys, self.arguments)


def _hashable(value: Any) -> Hashable:
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value  # type: ignore[no-any-return]


class Answer(NamedTuple):
    """The answer to a question: the value of the function, or the refusal that it raised."""

    value: Any = None
    refusal: Refusal | None = None


class Asker(Protocol):
    """Asks the options in the process that runs them."""

    async def find(self, questions: Sequence[Question]) -> Sequence[Answer]:
        """Return the answers to questions, in their order."""


class Slot(Protocol):
    """A slot of a limit, which work holds."""

    def release(self) -> None:
        """Let other work use the slot."""

    async def acquire(self) -> None:
        """Wait until the slot is free. If the task is cancelled meanwhile, its holder can still release it."""


class Unanswered(BaseException):
    """Work needs answers that have not arrived yet. It is not an Exception, so that no handler catches it by
    accident."""

    def __init__(self, asker: Asker, questions: Sequence[Question]) -> None:
        super().__init__("a send option has not been asked yet")
        self.asker = asker
        self.questions = questions


@dataclass(slots=True)
class _Book:
    """The answers that are known while some work is done, and the time of its first round."""

    answers: dict[Hashable, Answer] = field(default_factory=dict)
    rounds: int = 0
    now: datetime | None = None


held_slot: ContextVar[Slot | None] = ContextVar("slot", default=None)
"""The slot that the present work holds among a client's requests. It is free while the work waits for an option."""
_book: ContextVar[_Book | None] = ContextVar("answers", default=None)


def ask(asker: Asker, question: Question) -> Any:
    """Return the answer to a question, or raise its refusal. Raises Unanswered if it is not known yet."""
    book = _book.get()
    if book is None:
        log.error(
            "the question %s was asked in code that cannot wait for an answer",
            question.function.__qualname__,
            stack_info=True,
        )
        raise Refusal.of(StrategyCode.SEND_OPTION_FAILED, option=question.keys[0], error="NotAsked")
    answer = book.answers.get(question.identity)
    if answer is None:
        raise Unanswered(asker, [question])
    if answer.refusal is not None:
        raise answer.refusal.with_path(lambda path: path)  # each caller gets its own
    return answer.value


async def with_answers(work: Callable[[], Awaitable[Result]]) -> Result:
    """Do work that asks options of other processes: again from its start each time that an answer was missing.

    Whatever the work has done before it asks must be undone by the exception, as a transaction is.
    """
    outer = _book.get()
    book = _Book() if outer is None else _Book(outer.answers)
    token = _book.set(book)
    try:
        while True:
            try:
                return await work()
            except Unanswered as unanswered:
                await _find(book, unanswered)
    finally:
        _book.reset(token)


def asks_options(
    work: Callable[Params, Coroutine[Any, Any, Result]],
) -> Callable[Params, Coroutine[Any, Any, Result]]:
    """Decorate a function that asks options and writes nothing: it is called by ``with_answers``."""

    @functools.wraps(work)
    async def asking(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        return await with_answers(lambda: work(*args, **kwargs))

    return asking


async def _find(book: _Book, unanswered: Unanswered) -> None:
    book.rounds += 1
    if book.rounds > MAX_ROUNDS:
        raise RuntimeError(f"{book.rounds} rounds of questions to send options have not ended")
    questions = list({question.identity: question for question in unanswered.questions}.values())
    slot = held_slot.get()
    if slot is not None:
        slot.release()
    try:
        answers = await unanswered.asker.find(questions)
    finally:
        if slot is not None:
            await slot.acquire()
    book.answers.update((each.identity, answer) for each, answer in zip(questions, answers, strict=True))


def time_of_first_round(now: datetime) -> datetime:
    """Return the time of the first round of the present work.

    Later rounds keep it, because with another time their questions would be new. ``now`` is the present time.
    """
    book = _book.get()
    if book is None:
        return now
    if book.now is None or not book.rounds:
        book.now = now
    return book.now


class QuestionCollector:
    """Collects the questions of parts of some work that do not depend on each other, as RefusalCollector does:

    questions = QuestionCollector()
    for person in people:
        with questions:
            plan(person)
    questions.raise_any()
    """

    def __init__(self) -> None:
        self._found: list[Question] = []
        self._asker: Asker | None = None

    def __enter__(self) -> "QuestionCollector":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if not isinstance(error, Unanswered):
            return False
        self._asker = error.asker
        self._found += error.questions
        return True

    def raise_any(self) -> None:
        """Raise the questions that were found, if any."""
        if self._asker is not None:
            raise Unanswered(self._asker, self._found)
