"""Answer questions in a worker process. The worker imports the packages of the options when it gets its first ones."""

import os
import pickle
import threading
import time
from collections.abc import Collection, Sequence
from typing import NamedTuple

from api.services.option_calls.call_limits import MAX_LEFT_THREADS, MESSAGE_SECONDS, QUESTIONS_BETWEEN_CHECKS
from api.services.option_calls.guarded_option import GuardedOption, Raised, Session, import_mark
from api.worker_processes.child import has_children
from api.worker_processes.marks import leave
from plugins.loading.manager import load_send_options
from strategies.codes import StrategyCode
from strategies.errors import Refusal
from strategies.questions import Answer, Question
from strategies.registry import OWN_DISTRIBUTION, SendOptions


class ImportFailedError(Exception):
    """A worker cannot import a package. The arguments are the package, the name of the error's type, and its text."""

    def __init__(self, package: str, error: str, text: str) -> None:
        super().__init__(package, error, text)
        self.package, self.error = package, error


class Answers(NamedTuple):
    """The reply to a message: answers to the first questions, in their order, and what the options did."""

    answers: Sequence[Answer]
    asked: frozenset[str]
    """The options that were asked."""
    raised: Sequence[Raised]
    not_deterministic: frozenset[str]


def answer(packages: tuple[str, ...], questions: Sequence[Question], paused: Collection[str]) -> Answers:
    """Answer questions in their order, as many as there is time for, and at least one.

    If calls leave many threads or a process behind, the next worker answers the rest.
    The first question is asked twice, to find options that give two answers to it. Its first answer counts.
    """
    return answer_with(_loaded[packages], questions, paused)


def answer_with(options: SendOptions, questions: Sequence[Question], paused: Collection[str]) -> Answers:
    """Answer questions by these options, as ``answer`` does."""
    return _Answering(options, Session(paused)).answer(questions)


def _prepare(packages: tuple[str, ...], _questions: Sequence[Question], _paused: Collection[str]) -> None:
    """Import the packages, before the limits of the message begin."""
    if packages not in _loaded:
        for package in packages:
            # If the import ends the worker, the mark says which package did.
            leave(import_mark(package))
            try:
                load_send_options([package], os.environ)
            except Exception as error:
                raise ImportFailedError(package, type(error).__name__, str(error)) from error
        _loaded[packages] = load_send_options(packages, os.environ)


answer.prepare = _prepare  # type: ignore[attr-defined]
_loaded: dict[tuple[str, ...], SendOptions] = {}
"""The options of the packages that this worker has imported, with Touchline's own."""


class _Answering:
    def __init__(self, options: SendOptions, session: Session) -> None:
        self.session = session
        self.options = SendOptions()
        for key, option in options.items():
            package = options.distribution(key)
            guarded = option if package == OWN_DISTRIBUTION else GuardedOption(option, package, lambda: self.session)
            self.options.register(key, guarded, package)

    def answer(self, questions: Sequence[Question]) -> Answers:
        began, threads = time.monotonic(), threading.active_count()
        answers = [self._answer(0, questions[0])]
        differing = self._differing(questions[0], answers[0])
        for number, question in enumerate(questions[1:], 1):
            if time.monotonic() - began > MESSAGE_SECONDS or threading.active_count() > threads + MAX_LEFT_THREADS:
                break
            if number % QUESTIONS_BETWEEN_CHECKS == 0 and has_children():
                break
            answers.append(self._answer(number, question))
        session = self.session
        return Answers(answers, frozenset(session.asked), session.raised, differing)

    def _answer(self, number: int, question: Question) -> Answer:
        session = self.session
        session.question, session.last, faults = number, ("", ""), len(session.raised)
        try:
            found = Answer(question.function(**question.arguments, options=self.options))
        except Refusal as refusal:
            found = Answer(refusal=refusal)
            failed = refusal.code == StrategyCode.SEND_OPTION_FAILED and session.last[0]
            if failed and len(session.raised) == faults and not session.out_of_memory:
                session.add(refusal.__cause__ or refusal)  # a result that the contract does not allow
        if session.out_of_memory:
            raise MemoryError
        return found

    def _differing(self, question: Question, first: Answer) -> frozenset[str]:
        """Ask a question again. Return the options that gave another answer."""
        known, self.session = self.session, Session(self.session.paused)
        second = self._answer(0, pickle.loads(pickle.dumps(question)))  # noqa: S301 - a copy that remembers no plans
        self.session = known
        if repr(second) == repr(first):
            return frozenset()
        timelines = question.arguments.get("timelines")
        if timelines is None or first.value is None or second.value is None:
            return frozenset(question.keys)
        plans = zip(first.value.planned, second.value.planned, strict=False)
        different = (timelines.given.steps[one.number - 1].send_option for one, two in plans if one != two)
        option = next((key for key in different if key in question.keys), None)
        return frozenset(question.keys if option is None else [option])
