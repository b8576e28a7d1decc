"""Emails that workers write are written several in one call, and each is given to the one who asks for it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from api.codes.refusals.templates import TemplateCode
from api.mail.message.compose import EmailContent
from api.mail.message.email_rendering import RenderedEmail, RenderFailure, RenderRequest
from api.services.dispatch.claim import batch_rendering
from api.services.dispatch.claim.batch_rendering import BatchRendering
from api.store.dispatch.claimed_email import ClaimedEmail

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SLOW = EmailContent("Hi", "{% if a %}b{% endif %}c", None)


class Send:
    """As much of a claimed email as is needed."""

    step_id = "stp_1"

    def __init__(self, number: int) -> None:
        self.id = str(number)


def order(send: Any) -> RenderRequest:
    return RenderRequest(send.id, "<x@y>", SLOW, {"a": "1"}, NOW, None, "G", "g@x.y", "A", "a@x.y", None)


def expecting(count: int) -> tuple[BatchRendering, list[ClaimedEmail]]:
    sends = [cast(ClaimedEmail, Send(number)) for number in range(count)]
    emails = BatchRendering("wsp")
    emails.expect(sends)
    return emails, sends


async def test_a_caller_that_is_cancelled_takes_no_email_from_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    go = asyncio.Event()

    async def write(key: str, orders: Sequence[RenderRequest]) -> list[RenderedEmail | RenderFailure]:
        await go.wait()
        return [RenderedEmail(each.send_id, b"") for each in orders]

    monkeypatch.setattr(batch_rendering, "write_slowly", write)
    emails, sends = expecting(4)
    asking = [asyncio.create_task(emails.write(send, order)) for send in sends]
    await asyncio.sleep(0.01)
    asking[1].cancel()
    await asyncio.sleep(0)
    go.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(answers.pop(1), asyncio.CancelledError)
    assert answers == [RenderedEmail("0", b""), RenderedEmail("2", b""), RenderedEmail("3", b"")]


async def test_where_the_call_is_cancelled_the_others_are_written_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go = asyncio.Event()

    async def write(key: str, orders: Sequence[RenderRequest]) -> list[RenderedEmail | RenderFailure]:
        await go.wait()
        return [RenderedEmail(each.send_id, b"") for each in orders]

    monkeypatch.setattr(batch_rendering, "write_slowly", write)
    emails, sends = expecting(3)
    asking = [asyncio.create_task(emails.write(send, order)) for send in sends]
    await asyncio.sleep(0.01)
    asking[0].cancel()
    await asyncio.sleep(0)
    go.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert answers[1:] == [RenderedEmail("1", b""), RenderedEmail("2", b"")]


async def test_behind_an_email_that_broke_a_limit_the_next_is_written_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[list[str]] = []

    async def write(key: str, orders: Sequence[RenderRequest]) -> list[RenderedEmail | RenderFailure]:
        calls.append([each.send_id for each in orders])
        bad = orders[0].send_id in "01"
        return (
            [RenderFailure(TemplateCode.TEMPLATE_LIMIT.message("work", fault="x"))]
            if bad
            else [RenderedEmail(each.send_id, b"") for each in orders]
        )

    monkeypatch.setattr(batch_rendering, "write_slowly", write)
    emails, sends = expecting(6)
    answers = [await emails.write(send, order) for send in sends]
    assert [isinstance(each, RenderedEmail) for each in answers] == [False, False, True, True, True, True]
    assert calls == [["0", "1", "2", "3", "4", "5"], ["1"], ["2"], ["3", "4", "5"]]


async def test_an_email_that_cannot_be_written_ahead_keeps_no_other_from_being_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def write(key: str, orders: Sequence[RenderRequest]) -> list[RenderedEmail | RenderFailure]:
        return [RenderedEmail(each.send_id, b"") for each in orders]

    def broken(send: Any) -> RenderRequest:
        if send.id == "1":
            raise ValueError("this row cannot be read")
        return order(send)

    monkeypatch.setattr(batch_rendering, "write_slowly", write)
    _, sends = expecting(3)
    emails = BatchRendering("wsp")
    emails.expect(sends)
    answers = await asyncio.gather(*(emails.write(send, broken) for send in sends), return_exceptions=True)
    assert isinstance(answers.pop(1), ValueError)
    assert answers == [RenderedEmail("0", b""), RenderedEmail("2", b"")]
