"""Send a test email to an address of the workspace's own senders.

The row of a test email is committed with the throttle's slot and the key of the request, before anything is sent. So a
repeated request finds the row and sends nothing.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

from api.codes.refusals.emails import EmailCode
from api.codes.refusals.people import PersonCode
from api.codes.refusals.workspaces import WorkspaceCode
from api.ids import new_id
from api.mail.address import address_key
from api.mail.message.compose import ComposedEmail
from api.mail.message.message import MessageProblem, build_message, message_id
from api.mail.message.size import EmailTooLargeProblem
from api.mail.unsubscribing.mail_addresses import mailto_of_sender
from api.models import Sender, TestEmail
from api.services.common.inputs import inputs
from api.services.common.inputs.request_keys import RequestKey, remember
from api.services.common.request_context import WorkspaceContext
from api.services.dispatch.public_detail import public_detail
from api.services.emails.template_preview import PreviewRequest, TemplatePreview, preview_template
from api.services.test_email_sends.delivery import deliver
from api.services.workspaces.accounts import CHECK_PATIENCE_SECONDS, NotInstalled, account_name, may_use
from api.store.dispatch import account_pauses, throttles
from api.store.emails.test_email_sends import count_since, delete_before
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.people.suppressions import prevent_suppressions, suppressed_keys
from api.store.replies.bounces import bounced_keys
from api.store.senders import senders_of
from api.store.workspaces import lock_workspace
from plugins.contract import Channel, Outgoing
from strategies import Refusal
from strategies.calendar import local
from strategies.timeline.timeline_notes import utc

MAX_TESTS_PER_HOUR = 100
"""Most test emails of one workspace in an hour."""
KEPT_FOR = timedelta(days=2)
"""How long the row of a test email is kept: longer than the key of its request."""
SUBJECT_MARK = "[Test]"
SANDBOX_CHANNEL = "record"
MAX_SHOWN_ADDRESSES = 5

_running: set["asyncio.Task[TestEmail]"] = set()
"""The running deliveries. They continue if the client disconnects."""


async def send_test_email(
    context: WorkspaceContext, request: PreviewRequest, to: str | None = None, *, key: RequestKey | None = None
) -> TestEmail:
    """Send a test email to an address of one of the workspace's senders, and return it with the mail server's answer.

    Without ``to`` it goes to the address of the sender that sends it. Fields without a value are shown as field
    prompts. Raises Refusal.
    """
    template_preview = await preview_template(context, request)
    sender, channel = template_preview.sender, _channel(context, template_preview.sender)
    recipient = sender.email if to is None else await _own_address(context, to)
    await _refuse_account(context, sender, channel)
    email_id = new_id("tst")
    outgoing = Outgoing(email_id, sender.email, recipient, _message(context, email_id, template_preview, recipient))
    row = await _begin(context, sender, TestEmail(
        id=email_id, workspace_id=context.workspace_id, sender_id=sender.id, recipient=recipient, at=context.clock()
    ), ("senderId",) if to is None else ("to",), key)  # fmt: skip
    task = asyncio.create_task(_deliver(context, row, sender, channel, outgoing))
    _running.add(task)
    task.add_done_callback(_running.discard)
    return await asyncio.shield(task)


async def _own_address(context: WorkspaceContext, to: str) -> str:
    """Return the address if one of the workspace's senders has it. Raises Refusal."""
    address = inputs.address(to, ("to",))
    own: list[str] = [sender.email for sender in await senders_of(context.workspace_id)]
    for each in own:
        if address_key(each) == address_key(address):
            return each
    shown = ", ".join([*own[:MAX_SHOWN_ADDRESSES], *(["…"] if len(own) > MAX_SHOWN_ADDRESSES else [])])
    raise Refusal.of(EmailCode.TEST_RECIPIENT, ("to",), address=address, addresses=shown)


async def _refuse_suppressed(context: WorkspaceContext, recipient: str, path: inputs.Path) -> None:
    """Refuse an address that has unsubscribed or bounced, because a sender can be created with any address."""
    keys = [address_key(recipient)]
    if await suppressed_keys(context.workspace_id, keys):
        raise Refusal.of(PersonCode.UNSUBSCRIBED, path, email=recipient)
    if await bounced_keys(context.workspace_id, keys):
        raise Refusal.of(PersonCode.BOUNCED, path, email=recipient)


def _channel(context: WorkspaceContext, sender: Sender) -> Channel:
    key = SANDBOX_CHANNEL if context.workspace.sandbox else sender.channel
    return context.installed.channels.get(key) or NotInstalled(key)


async def _refuse_account(context: WorkspaceContext, sender: Sender, channel: Channel) -> None:
    """Refuse an account that the workspace may not use, or that is paused after an error."""
    if context.workspace.sandbox:
        return
    account = await account_name(channel, sender.channel_config, sender.id, CHECK_PATIENCE_SECONDS)
    if not may_use(context.workspace, account):
        raise Refusal.of(WorkspaceCode.ACCOUNT_NOT_ALLOWED, ("senderId",), account=account)
    pause = (await account_pauses.pauses_by_account()).get(account)
    if pause is not None and pause.is_on(context.clock()):
        raise Refusal.of(EmailCode.SENDER_NOT_READY, ("senderId",), case="paused", at=utc(pause.until))


def _message(context: WorkspaceContext, email_id: str, template_preview: TemplatePreview, recipient: str) -> bytes:
    email, sender = template_preview.preview.email, template_preview.sender
    try:
        return build_message(
            send_id=email_id,
            message_id=message_id(email_id, sender.email),
            composed=_marked(email),
            sender_name=sender.name,
            sender_address=sender.email,
            to_name="",
            to_address=recipient,
            date=local(context.now, sender.zone),
            earlier=None,
            unsubscribe_url=None,
            unsubscribe_mailto=mailto_of_sender(sender.email),
            unsubscribe_line=context.workspace.unsubscribe_html,
            transactional=template_preview.transactional,
        )
    except EmailTooLargeProblem as problem:
        raise Refusal(*problem.message, ()) from None
    except MessageProblem as problem:
        raise Refusal.of(EmailCode.TEST_NOT_BUILT, (), fault=str(problem)) from None


def _marked(email: ComposedEmail) -> ComposedEmail:
    return replace(email, subject=f"{SUBJECT_MARK} {email.subject}".strip())


@retry_on_deadlock
async def _begin(
    context: WorkspaceContext, sender: Sender, row: TestEmail, path: inputs.Path, key: RequestKey | None
) -> TestEmail:
    """Store a test email before it is sent, within the limits of its sender and its workspace. Raises Refusal.

    ``path`` is that of the argument with the recipient, who may have unsubscribed meanwhile.
    """
    columns = {name: getattr(sender, name) for name in ("id", "throttle_emails", "throttle_seconds", "daily_cap")}
    now = context.workspace.virtual_now or row.at
    async with transaction():
        await prevent_suppressions(context.workspace_id)
        await _refuse_suppressed(context, row.recipient, path)
        await lock_workspace(context.workspace_id)  # so that one request at a time counts
        await delete_before(context.workspace_id, row.at - KEPT_FOR)
        if await count_since(context.workspace_id, row.at - timedelta(hours=1)) >= MAX_TESTS_PER_HOUR:
            raise Refusal.of(EmailCode.SENDER_NOT_READY, (), case="tests", limit=MAX_TESTS_PER_HOUR)
        if throttles.windows(columns) and not await throttles.take_slots(columns, [row.id], now):
            reached = (await throttles.allowance(columns, now)).reached
            raise Refusal.of(EmailCode.SENDER_NOT_READY, ("senderId",), at=utc(reached.until if reached else now))
        await TestEmail.bulk_create([row])
        await remember(context, key, [row.id])
    return row


async def _deliver(
    context: WorkspaceContext, row: TestEmail, sender: Sender, channel: Channel, outgoing: Outgoing
) -> TestEmail:
    config = {} if context.workspace.sandbox else sender.channel_config
    receipt = await deliver(channel, config, outgoing)
    row.outcome, row.reason, row.detail = str(receipt.outcome), receipt.code[:64], public_detail(receipt.detail)
    async with transaction():
        await row.save(update_fields=["outcome", "reason", "detail"])
        await throttles.start_windows([row.id], context.workspace.virtual_now or context.clock())
    return row
