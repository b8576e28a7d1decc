"""A package's channel runs in a process of its own, and whatever it does harms only the emails of its accounts."""

import asyncio
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from api.channel_processes import remote_channel, remote_session
from api.channel_processes.isolation import remote_channels
from api.channel_processes.limits import ChannelFaultError, ChannelStoppedError, ProcessLimits
from api.channel_processes.remote_channel import RemoteChannel
from api.services.workspaces.accounts import account_name
from plugins.contract import AccountUnavailableError, Outcome, Outgoing, Receipt
from plugins.loading.manager import Installed
from strategies.codes import Message
from tests.channel_processes.conftest import CALLS, PATIENT

MESSAGE = b"Subject: Hi\r\n\r\nHello\r\n"


@pytest.fixture
def evil(installed: Installed) -> RemoteChannel:
    channel = installed.channels["evil"]
    assert isinstance(channel, RemoteChannel)
    return channel


async def deliver(channel: RemoteChannel, granted: bool = True, **config: Any) -> Receipt:
    async def ask() -> bool:
        return granted

    async with channel.connect(config) as session:
        return await session.deliver(Outgoing("snd_1", "rep@example.org", "ada@example.com", MESSAGE), ask)


async def test_a_channel_works_as_in_the_server(installed: Installed, evil: RemoteChannel, tmp_path: Path) -> None:
    assert [each.key for each in remote_channels(installed)] == ["evil", "evil_batch"]
    assert not isinstance(installed.channels["smtp"], RemoteChannel)
    receipt = await deliver(evil)
    assert (receipt.outcome, receipt.code) == (Outcome.SENT, "OK")
    assert receipt.detail != f"Sent by {os.getpid()}."
    assert receipt == await deliver(evil), "the process goes on"
    assert (await deliver(evil, granted=False)).outcome is Outcome.WITHDRAWN
    assert (tmp_path / "log").read_text() == "ada@example.com Hi\n" * 2
    await evil.learn({"sessions": 7})
    assert (evil.account({"sessions": 7}), evil.sessions({"sessions": 7})) == ("evil:good:", 7)
    assert await evil.trouble() is None
    with pytest.raises(AccountUnavailableError) as caught:
        await deliver(evil, evil="closed")
    assert (caught.value.code, caught.value.retry_after, caught.value.here) == ("CLOSED", 7200, False)


async def test_several_emails_go_out_in_one_request(installed: Installed, tmp_path: Path) -> None:
    emails = [Outgoing(f"snd_{number}", "", f"p{number}@example.com", MESSAGE) for number in range(3)]

    async def ask() -> list[str]:
        return ["snd_0", "snd_2"]

    async with installed.channels["evil_batch"].connect({}) as session:
        receipts = await session.deliver_many(emails, ask)
    assert [each.outcome for each in receipts] == [Outcome.SENT, Outcome.WITHDRAWN, Outcome.SENT]
    assert (tmp_path / "log").read_text() == "p0@example.com p2@example.com\n"


async def test_a_failure_is_an_exception_with_the_channel_s_traceback(evil: RemoteChannel) -> None:
    await deliver(evil)
    process = evil._processes[0]
    for name in ("recurse", "exit", "interrupt", "cancel", "nonsense", "odd"):
        with pytest.raises(ChannelFaultError, match=r"(?s)in the channel's process:\n.") as caught:
            await deliver(evil, evil=name)
        assert caught.value.message.code == "CHANNEL_FAILED"
        assert (await deliver(evil)).outcome is Outcome.SENT
    assert not process.has_ended


async def test_a_stopped_channel_costs_no_attempt_before_it_may_transmit_and_is_in_doubt_after(
    evil: RemoteChannel, caplog: pytest.LogCaptureFixture
) -> None:
    reported: list[str | None] = []

    async def report(key: str, package: str, fault: Message | None) -> float:
        reported.append(fault and fault.code)
        assert (key, package) == ("evil", "touchline-evil-channel")
        return 0.0

    evil.report = report
    for name, code in (
        ("sleep", "CHANNEL_TOO_SLOW"),
        ("wait", "CHANNEL_TOO_SLOW"),
        ("die", "CHANNEL_CRASHED"),
        ("crash", "CHANNEL_CRASHED"),
        ("eat", "CHANNEL_TOO_MUCH_MEMORY"),
    ):
        reported.clear()
        evil.close()
        too_slow = code == "CHANNEL_TOO_SLOW"
        evil._limits = delivering_for(0.2) if too_slow else PATIENT
        assert (await deliver_one(evil, name, "before")).outcome is Outcome.ACCOUNT_UNAVAILABLE
        # Enough for a channel on a busy machine to ask whether it may transmit.
        evil._limits = delivering_for(5.0) if too_slow else PATIENT
        with pytest.raises(ChannelStoppedError) as caught:
            await deliver_one(evil, name, "after")
        assert caught.value.message.code == code
        assert reported == [code, code]
    assert "the channel evil (touchline-evil-channel) stopped" in caplog.text
    evil._limits = PATIENT
    evil.close()
    assert (await deliver(evil)).outcome is Outcome.SENT
    assert reported == [code, code, None]


def delivering_for(seconds: float) -> ProcessLimits:
    return ProcessLimits(seconds={**CALLS, "deliver": seconds}, ask_seconds=60.0, load_seconds=60.0, grace_seconds=0.5)


async def deliver_one(channel: RemoteChannel, evil: str, where: str) -> Receipt:
    return await deliver(channel, evil=evil, where=where)


async def test_accounts_do_not_share_a_process_and_calls_outside_of_sessions_are_guarded(
    evil: RemoteChannel, caplog: pytest.LogCaptureFixture
) -> None:
    good, other = {"sessions": 1}, {"evil": "nobody"}
    granted, release = asyncio.Event(), asyncio.Event()

    async def ask() -> bool:
        granted.set()
        await release.wait()
        return True

    async with evil.connect(other) as session:
        sending = asyncio.create_task(session.deliver(Outgoing("snd_2", "", "bob@example.com", MESSAGE), ask))
        await granted.wait()
        assert (await deliver_one(evil, "die", "before")).code == "CHANNEL_CRASHED"
        release.set()
        assert (await sending).outcome is Outcome.SENT
    assert len({process._process.pid for process in evil._processes.values()}) == len(evil._processes) > 1
    evil._limits = ProcessLimits(ask_seconds=0.5)
    evil.close()
    with pytest.raises(ChannelStoppedError):
        await evil.learn({"evil": "spin", "where": "account"})
    evil._limits = PATIENT
    with pytest.raises(AccountUnavailableError) as caught:
        await deliver(evil, evil="die", where="connect")
    assert caught.value.code == "CHANNEL_CRASHED"
    await evil.learn({"evil": "exit", "where": "account"})
    with pytest.raises(LookupError):
        evil.account({"evil": "exit", "where": "account"})
    assert (await deliver(evil, **good)).outcome is Outcome.SENT


async def test_an_account_that_had_no_name_once_gets_one(evil: RemoteChannel) -> None:
    config = {"evil": "first", "where": "account"}
    await evil.learn(config)
    for _ in range(2):
        assert await account_name(evil, config, "sdr_1") == "evil:sdr_1"
    assert evil._learning == {}, "it is not asked each time"
    (name,) = evil._results
    evil._results[name] = evil._results[name]._replace(ask_again_at=0.0)  # a minute has passed
    assert await account_name(evil, config, "sdr_1") == "evil:sdr_1", "nobody waits for the answer"
    await asyncio.wait(evil._learning.values())
    assert await account_name(evil, config, "sdr_1") == "evil:first:account"
    assert evil._learning == {}


async def test_a_channel_that_failed_too_often_is_not_asked(evil: RemoteChannel) -> None:
    async def report(key: str, package: str, fault: Message | None) -> float:
        return 600.0

    evil.report = report
    assert (await deliver_one(evil, "die", "before")).code == "CHANNEL_CRASHED"
    with pytest.raises(AccountUnavailableError) as caught:
        await deliver(evil)
    assert caught.value.code == "CHANNEL_PAUSED"
    assert await evil.trouble() is None
    assert evil.learn_soon({"sessions": 3}, lambda: None) > 500


async def test_what_a_channel_prints_and_its_slowness_are_in_the_log(
    evil: RemoteChannel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(remote_session, "SLOW_SECONDS", 0.0)
    assert (await deliver(evil, evil="print")).outcome is Outcome.SENT
    assert "the channel evil (touchline-evil-channel) is slow: deliver() took " in caplog.text
    lines = [record.getMessage() for record in caplog.records if record.name == "touchline.channels"]
    assert f"the channel evil printed: {'x' * 80}" in lines
    assert len(lines) < 2_000, "of 20,000"


async def test_nobody_waits_for_a_question_that_hangs(evil: RemoteChannel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_channel, "TROUBLE_PATIENCE_SECONDS", 0.01)
    hangs = {"evil": "sleep", "where": "account"}
    assert evil.source.environment is not os.environ
    monkeypatch.setitem(evil.source.environment, "EVIL_TROUBLE", "yes")  # type: ignore[arg-type]
    assert await evil.trouble() is None
    assert not await evil.learn_within(hangs, 0.0)
    assert not evil.knows(hangs)
    assert await account_name(evil, hangs, "sdr_1", 0.0) == "evil:sdr_1"
