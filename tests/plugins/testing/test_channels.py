"""The kit finds each fault of a channel, and none in Touchline's own channels and examples."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from plugins import AccountUnavailableError, Channel, EmailAttachment, Outcome, Outgoing, Receipt
from plugins.channels.outbox import OutboxChannel
from plugins.channels.record import RecordChannel
from plugins.testing import ContractBrokenError, KitHint, Rule, an_email, assert_channel, check_channel, deliver
from plugins.testing.channels import delivery as channel_delivery
from tests.plugins.testing.channels import (
    BAD,
    SERVICE,
    WITHDRAWN,
    Ask,
    Good,
    OneAtATime,
    by_a_program,
    chokes,
    refuses_to_open,
    sending,
    variant,
)
from tests.plugins.testing.channels_without_await import WITHOUT_AWAIT

CONFIGS = [{"loft": "north"}]


def found(channel: Channel, **arguments: Any) -> dict[Rule, str]:
    with pytest.raises(ContractBrokenError) as broken:
        assert_channel(channel, CONFIGS, transmitted=SERVICE.count, secrets=["t0ken"], **arguments)
    return broken.value.found


def test_each_fault_is_found_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_delivery, "LARGE_BYTES", 2_000)
    for fault, (rule, channel, text) in (BAD | WITHOUT_AWAIT).items():
        if isinstance(channel, OneAtATime):
            monkeypatch.setattr(channel_delivery, "MEETING_SECONDS", 0)
        faults = found(channel)
        assert list(faults) == [rule], (fault, faults)
        assert text in faults[Rule(rule)], fault


def test_a_large_email_and_an_account_that_cannot_be_opened() -> None:
    assert "MemoryError" in found(sending(chokes))[Rule.RECEIPT]

    class Away(Good):
        def connect(self, config: Mapping[str, Any]) -> Any:
            if config["loft"] == "south":
                raise AccountUnavailableError("AWAY", "The loft is away.")
            return super().connect(config)

    assert_channel(Away(), CONFIGS, transmitted=SERVICE.count, unavailable=[{"loft": "south"}])
    assert "says that it cannot be opened" in found(Good(), unavailable=CONFIGS)[Rule.CONNECT]
    assert "OSError" in found(variant(connect=refuses_to_open), unavailable=CONFIGS)[Rule.CONNECT]


async def test_touchlines_own_channels_keep_the_contract(tmp_path: Path) -> None:
    await check_channel(Good(), CONFIGS, transmitted=SERVICE.count)
    await check_channel(sending(by_a_program), CONFIGS, transmitted=SERVICE.count)
    with pytest.warns(KitHint, match="transmitted"):
        await check_channel(RecordChannel())
    folder = tmp_path / "outbox"
    outbox = OutboxChannel({"TOUCHLINE_OUTBOX": str(folder)})
    await check_channel(outbox, transmitted=lambda: len(list(folder.glob("*_ann@example.com*.eml"))))
    assert [file for file in folder.iterdir() if file.suffix != ".eml"] == []
    with pytest.raises(RuntimeError, match="await check_channel"):
        assert_channel(RecordChannel())


def test_asking_whether_a_program_has_ended_does_not_block() -> None:
    """A new program makes Python ask this of each one that was left running, also by other code."""
    left = subprocess.Popen(["sleep", "60"])

    async def ask_about_it(outgoing: Outgoing, ask: Ask) -> Any:
        assert left.poll() is None
        return await by_a_program(outgoing, ask)

    try:
        subprocess._active.append(left)  # type: ignore[attr-defined]
        assert_channel(sending(ask_about_it), CONFIGS, transmitted=SERVICE.count)
    finally:
        subprocess._active.remove(left)  # type: ignore[attr-defined]
        left.kill()
        left.wait()


def test_the_guide_lists_every_rule() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "plugins.md").read_text(encoding="utf-8")
    section = guide.partition("\n## Test your package\n")[2].partition("\n## ")[0]
    assert [rule for rule in Rule if f"\n| `{rule}` |" not in section] == []


@pytest.mark.parametrize(
    ("receipt", "rule"),
    [
        (Receipt(Outcome.DEFERRED, "HTTP_429", "Busy."), None),
        (Receipt(Outcome.ACCOUNT_UNAVAILABLE, "HTTP_401", "The token is wrong.", retry_after=60), None),
        (Receipt(Outcome.IN_DOUBT, "HTTP_503", "Bearer s3cret was answered with 503."), Rule.SECRETS),
        (Receipt(Outcome.FAILED, "", "No code."), Rule.RECEIPT),
        (RuntimeError("no answer"), Rule.RECEIPT),
    ],
)
def test_an_email_that_the_service_refuses(receipt: Any, rule: Rule | None) -> None:
    async def refuse(_: Outgoing, ask: Ask) -> Any:
        if not await ask():
            return WITHDRAWN
        if isinstance(receipt, Exception):
            raise ValueError("the token is s3cret") from receipt
        return receipt

    config = {"loft": "north"}
    if rule is None:
        assert deliver(sending(refuse), config, secrets=["s3cret"], email=an_email(copies=["b@example.com"])) == receipt
        assert deliver(sending(refuse), config, withdrawn=True).outcome is Outcome.WITHDRAWN
    else:
        with pytest.raises(ContractBrokenError) as broken:
            deliver(sending(refuse), config, secrets=["s3cret"])
        assert rule in broken.value.found
        assert isinstance(receipt, Receipt) or Rule.SECRETS in broken.value.found


def test_deliver_checks_the_question() -> None:
    async def never(*_: Any) -> Any:
        return Receipt(Outcome.IN_DOUBT, "NO_ANSWER", "The service did not answer.")

    async def too_late(outgoing: Outgoing, ask: Ask) -> Any:
        SERVICE.emails.append(outgoing)
        return Receipt(Outcome.DEFERRED, "BUSY", "Busy.") if await ask() else WITHDRAWN

    for send, withdrawn, rules in (
        (never, False, {Rule.PERMISSION}),
        (too_late, False, {Rule.PERMISSION}),
        (too_late, True, {Rule.PERMISSION, Rule.WITHDRAWN}),
    ):
        with pytest.raises(ContractBrokenError) as broken:
            deliver(sending(send), {"loft": "north"}, withdrawn=withdrawn, transmitted=SERVICE.count)
        assert set(broken.value.found) == rules


def test_an_email_with_files_and_further_headers() -> None:
    files = [
        EmailAttachment("plan.pdf", "application/pdf", b"%PDF\r\n\x00"),
        EmailAttachment("ä.txt", "text/plain", b"hi"),
    ]
    link = ("List-Unsubscribe", f"<https://example.com/u/{'x' * 200}>")
    made = an_email(copies=["b@example.com"], attachments=files, headers=[link])
    assert list(made.email.attachments) == files
    assert link in made.email.headers
    assert made.email.text.strip() == "Hello Ann"
    assert made.copies == ("b@example.com",)
    assert b"\n" not in made.message.replace(b"\r\n", b"")
    assert an_email(headers=[link]).email.attachments == ()
