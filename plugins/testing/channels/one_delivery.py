"""``deliver``: deliver one email in a test, such as one that the service refuses."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from email import message_from_bytes
from email.policy import SMTP
from typing import Any

from plugins.contract import AccountUnavailableError, Channel, Outcome, Outgoing, Receipt
from plugins.loading.extension_points import CHANNELS
from plugins.structured_email import EmailAttachment
from plugins.testing.channels.accounts import opening_of
from plugins.testing.channels.delivery import ASK_ONCE
from plugins.testing.channels.event_loop_runs import guarded, run
from plugins.testing.channels.probes import CONNECT_SECONDS, Permission, check_secrets, email, texts_of
from plugins.testing.channels.probes import deliver as deliver_through
from plugins.testing.common.declarations import check_configs, load_one, name_of
from plugins.testing.common.findings import Findings, Rule
from plugins.testing.common.places import where

ONE_LINE = SMTP.clone(max_line_length=None)
"""Writes each header in one line, so that a long link stays whole."""
TRANSMITTED = frozenset((Outcome.SENT, Outcome.IN_DOUBT))
"""Outcomes that a channel returns only after it was allowed to transmit."""


def an_email(
    *,
    size: int = 0,
    copies: Sequence[str] = (),
    attachments: Sequence[EmailAttachment] = (),
    headers: Sequence[tuple[str, str]] = (),
) -> Outgoing:
    """Return an email for ``deliver``. ``size`` is that of its text in bytes. ``copies`` are further recipients.

    ``attachments`` are its files, such as ``EmailAttachment("a.pdf", "application/pdf", b"%PDF")``. ``headers`` are
    further headers, such as ``("List-Unsubscribe", "<https://example.com/u>")``.
    """
    made = email(size=size, copies=copies)
    if not attachments and not headers:
        return made
    message = message_from_bytes(made.message, policy=SMTP)
    for name, value in headers:
        message[name] = value
    for each in attachments:
        main, _, sub = each.type.partition("/")
        message.add_attachment(each.content, maintype=main, subtype=sub, filename=each.name)
    return replace(made, message=message.as_bytes(policy=ONE_LINE))


def deliver(
    channel: Channel,
    config: Mapping[str, Any] | None = None,
    *,
    email: Outgoing | None = None,
    withdrawn: bool = False,
    transmitted: Callable[[], int] | None = None,
    secrets: Sequence[str] = (),
) -> Receipt:
    """Deliver one email, and return the receipt: SENT or any other outcome.

    ``config`` is that of the sender, ``{}`` if it is left out. ``email`` is one of ``an_email()``. With ``withdrawn``
    the question ``about_to_transmit`` gets the answer False. ``transmitted`` returns how many emails the service has
    accepted so far. No receipt and no exception may contain one of ``secrets``.

    An ``AccountUnavailableError`` of ``connect`` is passed on. Raises ContractBrokenError if the channel breaks one of
    the rules CONNECT, PERMISSION, WITHDRAWN, RECEIPT and SECRETS.
    """
    delivery = deliver_async(
        channel, config, email=email, withdrawn=withdrawn, transmitted=transmitted, secrets=secrets
    )
    return run(delivery, "deliver()", "deliver_async()")


async def deliver_async(
    channel: Channel,
    config: Mapping[str, Any] | None = None,
    *,
    email: Outgoing | None = None,
    withdrawn: bool = False,
    transmitted: Callable[[], int] | None = None,
    secrets: Sequence[str] = (),
) -> Receipt:
    """Do what ``deliver`` does, in an asynchronous test."""
    findings = Findings(name_of(channel))
    delivery = _deliver(channel, config or {}, email, withdrawn, transmitted or (lambda: 0), secrets, findings)
    return await guarded(delivery, findings)


async def _deliver(
    channel: Channel,
    config: Mapping[str, Any],
    email: Outgoing | None,
    withdrawn: bool,
    count: Callable[[], int],
    secrets: Sequence[str],
    findings: Findings,
) -> Receipt:
    loaded = load_one(CHANNELS, channel, findings)
    (checked,) = check_configs(loaded.config_schema, [config], findings)
    before, permission = count(), Permission(count, lambda: not withdrawn)
    findings.calls(f"connect({checked!r:.100})")
    opening = opening_of(loaded, checked, findings)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            session = await opening.__aenter__()
    except AccountUnavailableError as error:
        check_secrets(texts_of(error), "AccountUnavailableError", secrets, findings)
        findings.raise_any()
        raise
    except Exception as error:
        check_secrets(texts_of(error), "an exception of connect()", secrets, findings)
        findings.add(Rule.CONNECT, f"connect() raises {where(error)}", "Raise nothing but AccountUnavailableError.")
        findings.stop()
    try:
        receipt = await deliver_through(session, email or an_email(), permission, findings, secrets)
    finally:
        await opening.__aexit__(None, None, None)
    if receipt is None:
        findings.stop()
    _check(receipt, permission, count() - before, withdrawn, findings)
    if permission.received > before:
        findings.add(Rule.PERMISSION, "deliver() transmits the email before it asks", ASK_ONCE)
    findings.raise_any()
    return receipt


def _check(receipt: Receipt, permission: Permission, transmitted: int, withdrawn: bool, findings: Findings) -> None:
    """Check the receipt against the question. A channel may refuse an email before it asks."""
    if permission.asked > 1 or (not permission.asked and (receipt.outcome in TRANSMITTED or transmitted)):
        fault = f"deliver() awaits about_to_transmit() {permission.asked} times, and returns {receipt.outcome}"
        findings.add(Rule.PERMISSION, fault, ASK_ONCE)
    if withdrawn and permission.asked and receipt.outcome is not Outcome.WITHDRAWN:
        fault = f"about_to_transmit() returned False, and deliver() returns {receipt.outcome}"
        findings.add(Rule.WITHDRAWN, fault, "Transmit nothing then, and return Outcome.WITHDRAWN.")
    if withdrawn and transmitted:
        findings.add(Rule.WITHDRAWN, "deliver() transmits an email that was withdrawn", "Return before you transmit.")
    if not withdrawn and receipt.outcome is Outcome.WITHDRAWN:
        findings.add(Rule.RECEIPT, "deliver() returns WITHDRAWN for an email that may be sent", "Return its outcome.")
