"""Check and render templates. Quick work runs in the event loop, and slow work runs in worker processes.

A template that contains only text and fields is simple. A worker parses a simple template once if it is large; then the
event loop joins the parts for each email. Workers render each email of any other template.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from api.codes.reasons.outcome_reasons import ReasonCode
from api.codes.refusals.templates import TemplateCode
from api.mail import worker_calls
from api.mail.cache import Cache, text_bytes
from api.mail.inline_limits import SlowWorkError, TemplateFact, run_quick
from api.mail.message.body import frame_cache
from api.mail.message.compose import ComposedEmail, EarlierEmail, EmailContent
from api.mail.message.email_rendering import RenderedEmail, RenderFailure, RenderRequest, render_email
from api.mail.templates.liquid import (
    TemplateLimitProblem,
    TemplateProblem,
    field_names_cache,
    find_field_names,
    simple_template_cache,
)
from api.worker_processes.limits import Limit, LimitExceededError, Limits, WorkersBusyError
from api.worker_processes.pool import run
from strategies import Refusal
from strategies.codes import Message

Value = TypeVar("Value")

CHECK_LIMITS = Limits(cpu_seconds=0.5, output_bytes=4_000_000)
"""Limits of the check of a template, and of finding a fact about it."""
RENDER_LIMITS = Limits(cpu_seconds=0.8)
"""Limits of rendering one email, with the earlier emails that it quotes."""
REFUSED_CACHE_BYTES = 8_000_000
"""Size of the cache of templates that cannot be parsed, with the reasons."""
MAX_FACTS_PER_EMAIL = 200
"""The most facts about templates that are found for one email."""

_FACT_CACHES: Mapping[str, Cache[Any]] = {
    "form": simple_template_cache,
    "frame": frame_cache,
    "fields": field_names_cache,
}
_refused_templates: Cache[TemplateProblem] = Cache(
    REFUSED_CACHE_BYTES, lambda _problem, _subject, source, *_: text_bytes(source)
)
_pending_facts: dict[TemplateFact, "asyncio.Future[None]"] = {}


def limit_problem(error: LimitExceededError) -> TemplateLimitProblem:
    """Return the problem of a template that exceeds a limit."""
    return TemplateLimitProblem(TemplateCode.TEMPLATE_LIMIT.message("work", fault=error))


def busy_refusal() -> Refusal:
    """Return the refusal of work when no worker is free and the queue is full."""
    return Refusal.of(TemplateCode.TOO_BUSY, ())


async def compose_email(
    key: str, content: EmailContent, fields: Mapping[str, str], now: datetime, earlier: EarlierEmail | None
) -> ComposedEmail:
    """Compose an email for one person. ``key`` is the workspace id.

    Raises UnresolvedFieldError, TemplateProblem, and Refusal (TOO_BUSY).
    """
    return await _run_job(key, RENDER_LIMITS, worker_calls.compose_email, content, fields, now, earlier)


async def check_template(key: str, source: str, *, html: bool, line: bool) -> str:
    """Check a template before it is saved. Returns sanitized HTML, or unchanged text that is not HTML.

    Raises TemplateProblem, HtmlLimitError, and Refusal (TOO_BUSY).
    """
    return await _run_job(key, CHECK_LIMITS, worker_calls.check_saved_template, source, html, line)


async def clean_html(key: str, html: str) -> str:
    """Sanitize HTML that a rep wrote. Raises as ``check_template`` does."""
    return await _run_job(key, CHECK_LIMITS, worker_calls.clean_html, html)


async def list_removed(key: str, source: str, *, template: bool) -> list[str]:
    """Return the parts that the sanitizer removes from HTML. Raises TemplateLimitProblem and Refusal (TOO_BUSY)."""
    return await _run_job(key, CHECK_LIMITS, worker_calls.list_removed, source, template)


async def fields_in(key: str, source: str) -> frozenset[str]:
    """Return the dynamic fields in a template, or none if the template cannot be parsed."""
    try:
        return await _run_job(key, CHECK_LIMITS, find_field_names, source)
    except TemplateProblem:
        return frozenset()


async def find_blockers(
    key: str, content: EmailContent, people: Sequence[Mapping[str, str]], now: datetime, earlier: EarlierEmail | None
) -> list[worker_calls.Blockers]:
    """Return the reasons why emails of these people cannot be sent, by person.

    The rest is not checked after a limit is exceeded. Raises Refusal (TOO_BUSY).
    """
    found: list[worker_calls.Blockers] = []
    try:
        while len(found) < len(people):
            try:
                found += [
                    await _run_here(key, worker_calls.find_person_blockers, content, people[len(found)], now, earlier)
                ]
                await asyncio.sleep(0)
            except SlowWorkError:
                left = people[len(found) : len(found) + worker_calls.MAX_BATCH_ITEMS]
                found += await _run_in_worker(
                    key, RENDER_LIMITS, worker_calls.find_blockers, content, left, now, earlier
                )
    except (TemplateProblem, LimitExceededError):
        found += [worker_calls.Blockers((), ())] * (len(people) - len(found))
    except WorkersBusyError:
        raise busy_refusal() from None
    return found


async def write_quickly(key: str, order: RenderRequest) -> RenderedEmail | RenderFailure:
    """Build an email if that is quick. Raises SlowWorkError, and the errors of ``write_slowly``."""
    try:
        return run_quick(render_email, order)  # the usual case
    except SlowWorkError as slow:
        if slow.fact is None:
            raise
    try:
        return await _run_here(key, render_email, order)
    except TemplateLimitProblem as problem:
        return RenderFailure(problem.message)
    except TemplateProblem as problem:
        return RenderFailure(Message(ReasonCode.INVALID_MESSAGE, str(problem)))


async def write_slowly(key: str, orders: Sequence[RenderRequest]) -> list[RenderedEmail | RenderFailure]:
    """Build the first emails of a list in a worker: at least one, and as many as the limits allow.

    Raises WorkersBusyError, and LimitExceededError if the machine is too busy to render one email in time.
    """
    try:
        return await run(worker_calls.render_emails, list(orders), key=key, limits=RENDER_LIMITS)
    except LimitExceededError as error:
        if len(orders) > 1:
            return await write_slowly(key, orders[:1])
        if error.limit is Limit.TIME:
            raise
        problem = limit_problem(error)
        return [RenderFailure(problem.message)]


async def _run_job(key: str, limits: Limits, job: Callable[..., Value], *args: Any) -> Value:
    try:
        return await _run_here(key, job, *args)
    except SlowWorkError:
        return await _run_in_worker(key, limits, job, *args)
    except LimitExceededError as error:
        raise limit_problem(error) from None
    except WorkersBusyError:
        raise busy_refusal() from None


async def _run_here(key: str, job: Callable[..., Value], *args: Any) -> Value:
    """Run a job in the event loop after workers have found the facts that it needs. Raises SlowWorkError."""
    for _ in range(MAX_FACTS_PER_EMAIL):
        try:
            return run_quick(job, *args)
        except SlowWorkError as slow:
            if slow.fact is None:
                raise
            await _find_fact(key, slow.fact)
    raise SlowWorkError


async def _find_fact(key: str, fact: TemplateFact) -> None:
    """Find a fact about a template. Concurrent callers share one search.

    Raises TemplateProblem and WorkersBusyError, and LimitExceededError if the machine is too busy.
    """
    cache = _FACT_CACHES[fact.name]
    name = (fact.name, *fact.arguments)
    if name in _refused_templates:
        known_problem = _refused_templates.lookup(name)
        raise type(known_problem)(known_problem.message)
    other = _pending_facts.get(fact)
    if other is not None:
        await asyncio.wait([other])
        return  # if that failed, the caller tries again
    own: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    _pending_facts[fact] = own
    try:
        value = await run(worker_calls.find_template_fact, fact, key=key, limits=CHECK_LIMITS)
        cache.put(fact.arguments, value)
        if fact.arguments not in cache:
            raise SlowWorkError  # too large for the cache
    except LimitExceededError as error:
        if error.limit is Limit.TIME:  # the machine is too busy: the template is not the cause
            raise
        problem = limit_problem(error)
        _refused_templates.put(name, problem)
        raise problem from None
    except TemplateProblem as problem:
        _refused_templates.put(name, problem)
        raise
    finally:
        del _pending_facts[fact]
        own.set_result(None)


async def _run_in_worker(key: str, limits: Limits, job: Callable[..., Value], *args: Any) -> Value:
    try:
        return await run(job, *args, key=key, limits=limits)
    except LimitExceededError as error:
        raise limit_problem(error) from None
    except WorkersBusyError:
        raise busy_refusal() from None
