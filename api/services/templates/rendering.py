"""Check and render templates for the event loop: what is quick at once, all else in worker processes.

A template of text and fields is read by a worker once, if it is not small; then each of its emails is joined here. Any
other template is rendered by workers for each email.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from api.codes.reasons import ReasonCode
from api.codes.templates import TemplateCode
from api.mail import worker_jobs
from api.mail.cache import Cache, text_bytes
from api.mail.inline_limits import SlowWorkError, TemplateFact, run_quick
from api.mail.message.body import frames
from api.mail.message.compose import Composed, Content, Earlier
from api.mail.message.writing import NotWritten, Order, Written, write_email
from api.mail.templates.liquid import TemplateLimitProblem, TemplateProblem, field_names, forms
from api.workers.limits import Limit, LimitExceededError, Limits, WorkersBusyError
from api.workers.pool import run
from strategies import Refusal
from strategies.codes import Message

Value = TypeVar("Value")

CHECKING = Limits(cpu_seconds=0.5, output_bytes=4_000_000)
"""What the check of a template that is saved may use, and finding out something about it."""
RENDERING = Limits(cpu_seconds=0.8)
"""What rendering one email may use, with the earlier ones that it quotes."""
REFUSED_CACHE_BYTES = 8_000_000
"""Bytes of templates that cannot be read, and are remembered, with the reason."""
MAX_FACTS_PER_EMAIL = 200
"""Things that one email may make us find out about its templates."""

_KNOWN: Mapping[str, Cache[Any]] = {"form": forms, "frame": frames, "fields": field_names}
_refused: Cache[TemplateProblem] = Cache(REFUSED_CACHE_BYTES, lambda _problem, _subject, source, *_: text_bytes(source))
_learning: dict[TemplateFact, "asyncio.Future[None]"] = {}


def broken_limit(error: LimitExceededError) -> TemplateLimitProblem:
    """Return what is told of a template that breaks a limit."""
    return TemplateLimitProblem(f"This template is too much work. {error} Simplify its loops, filters and HTML.")


def busy() -> Refusal:
    """Return the refusal of what cannot even wait for a worker."""
    return Refusal.of(TemplateCode.TOO_BUSY, ())


async def compose_email(
    key: str, content: Content, fields: Mapping[str, str], now: datetime, earlier: Earlier | None
) -> Composed:
    """Compose an email for one person. ``key`` is the workspace.

    Raises UnresolvedFieldError, TemplateProblem, and Refusal (TOO_BUSY).
    """
    return await _quickly_or_not(key, RENDERING, worker_jobs.compose_email, content, fields, now, earlier)


async def check_template(key: str, source: str, *, html: bool, line: bool) -> str:
    """Check a template that is saved. Returns its HTML, made safe; of other text, itself.

    Raises TemplateProblem, HtmlLimitError, and Refusal (TOO_BUSY).
    """
    return await _quickly_or_not(key, CHECKING, worker_jobs.check, source, html, line)


async def clean_html(key: str, html: str) -> str:
    """Return HTML that a person wrote, made safe. Raises as ``check_template`` does."""
    return await _quickly_or_not(key, CHECKING, worker_jobs.clean_html, html)


async def list_removed(key: str, source: str, *, template: bool) -> list[str]:
    """Return what is taken out of HTML. Raises TemplateLimitProblem and Refusal (TOO_BUSY)."""
    return await _quickly_or_not(key, CHECKING, worker_jobs.list_removed, source, template)


async def fields_in(key: str, source: str) -> frozenset[str]:
    """Return the dynamic fields that a template names; of one that cannot be read, none."""
    try:
        return await _quickly_or_not(key, CHECKING, worker_jobs.name_fields, source)
    except TemplateProblem:
        return frozenset()


async def find_blockers(
    key: str, content: Content, people: Sequence[Mapping[str, str]], now: datetime, earlier: Earlier | None
) -> list[worker_jobs.Blockers]:
    """Return what stops the email of each of these people. One that breaks a limit is not looked into further.

    Raises Refusal (TOO_BUSY).
    """
    found: list[worker_jobs.Blockers] = []
    try:
        while len(found) < len(people):
            try:
                found += [
                    await _quick(key, worker_jobs.find_blockers_of_one, content, people[len(found)], now, earlier)
                ]
                await asyncio.sleep(0)
            except SlowWorkError:
                left = people[len(found) : len(found) + worker_jobs.MAX_BATCH_ITEMS]
                found += await _work(key, RENDERING, worker_jobs.find_blockers, content, left, now, earlier)
    except (TemplateProblem, LimitExceededError):
        found += [worker_jobs.Blockers((), ())] * (len(people) - len(found))
    except WorkersBusyError:
        raise busy() from None
    return found


async def write_quickly(key: str, order: Order) -> Written | NotWritten:
    """Write an email where that is quick. Raises SlowWorkError, and what ``write_slowly`` raises."""
    try:
        return run_quick(write_email, order)  # nearly always, without another word
    except SlowWorkError as slow:
        if slow.fact is None:
            raise
    try:
        return await _quick(key, write_email, order)
    except TemplateLimitProblem as problem:
        return NotWritten(problem.message)
    except TemplateProblem as problem:
        return NotWritten(Message(ReasonCode.INVALID_MESSAGE, str(problem)))


async def write_slowly(key: str, orders: Sequence[Order]) -> list[Written | NotWritten]:
    """Write some of these emails in a worker, in their order and at least one. Of several, none breaks another's limit.

    Raises WorkersBusyError; and LimitExceededError where the machine is too busy to render one in any decent time.
    """
    try:
        return await run(worker_jobs.write_emails, list(orders), key=key, limits=RENDERING)
    except LimitExceededError as error:
        if len(orders) > 1:
            return await write_slowly(key, orders[:1])
        if error.limit is Limit.TIME:
            raise
        problem = broken_limit(error)
        return [NotWritten(problem.message)]


async def _quickly_or_not(key: str, limits: Limits, job: Callable[..., Value], *args: Any) -> Value:
    try:
        return await _quick(key, job, *args)
    except SlowWorkError:
        return await _work(key, limits, job, *args)
    except LimitExceededError as error:
        raise broken_limit(error) from None
    except WorkersBusyError:
        raise busy() from None


async def _quick(key: str, job: Callable[..., Value], *args: Any) -> Value:
    """Do a job here, after finding out what it needs to know. Raises SlowWorkError where it is slow all the same."""
    for _ in range(MAX_FACTS_PER_EMAIL):
        try:
            return run_quick(job, *args)
        except SlowWorkError as slow:
            if slow.fact is None:
                raise
            await _learn(key, slow.fact)
    raise SlowWorkError


async def _learn(key: str, fact: TemplateFact) -> None:
    """Find out something about a template, once for all who need it.

    Raises TemplateProblem, WorkersBusyError, and LimitExceededError for a machine that is too busy.
    """
    known = _KNOWN[fact.name]
    name = (fact.name, *fact.arguments)
    if name in _refused:
        known_problem = _refused.lookup(name)
        raise type(known_problem)(str(known_problem))
    other = _learning.get(fact)
    if other is not None:
        await asyncio.wait([other])
        return  # where it failed, the caller asks again
    own: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    _learning[fact] = own
    try:
        value = await run(worker_jobs.find_template_fact, fact, key=key, limits=CHECKING)
        known.put(fact.arguments, value)
        if fact.arguments not in known:
            raise SlowWorkError  # too large to be kept
    except LimitExceededError as error:
        if error.limit is Limit.TIME:  # the machine was too busy, which says nothing of the template
            raise
        problem = broken_limit(error)
        _refused.put(name, problem)
        raise problem from None
    except TemplateProblem as problem:
        _refused.put(name, problem)
        raise
    finally:
        del _learning[fact]
        own.set_result(None)


async def _work(key: str, limits: Limits, job: Callable[..., Value], *args: Any) -> Value:
    try:
        return await run(job, *args, key=key, limits=limits)
    except LimitExceededError as error:
        raise broken_limit(error) from None
    except WorkersBusyError:
        raise busy() from None
