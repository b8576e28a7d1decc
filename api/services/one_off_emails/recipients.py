"""The recipients of a one-off email: one person, and the addresses that get a copy."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from api.codes.reasons.outcome_reasons import ReasonCode
from api.codes.refusals.emails import EmailCode
from api.codes.refusals.people import PersonCode
from api.codes.request_errors.inputs import InputCode
from api.mail.address import address_key
from api.mail.domains import blocking_domain
from api.models import Person, Sender
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.services.people.people import checked_columns, create_person
from api.services.people.reachability import refuse_undeliverable, refuse_unsubscribed
from api.store.emails.one_off_emails import OneOffEmail
from api.store.engine.rows import by_address_keys, get_or_refuse
from api.store.people.suppressions import suppressed_keys
from api.store.replies.bounces import bounced_keys
from strategies import Refusal

MAX_RECIPIENTS = 50
"""Most recipients of one email: the person, CC and BCC."""


class Copies(NamedTuple):
    """The addresses that get a copy. No address is in both lists, or twice in one."""

    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()


async def find_recipient(context: WorkspaceContext, person_id: str | None, address: str | None) -> Person:
    """Return the person in To, given by id or by address. Raises Refusal.

    For an unknown address, the person is new, and is stored by ``store_recipient``.
    """
    if person_id is not None and address is not None:
        raise Refusal.of(EmailCode.ONE_RECIPIENT, ("to",), case="both")
    if person_id is not None:
        return await get_or_refuse(Person, context.workspace_id, person_id, ("personId",))
    if address is None:
        raise Refusal.of(EmailCode.ONE_RECIPIENT, ("to",))
    columns = checked_columns_of(address)
    existing = (await by_address_keys(Person, context.workspace_id, [columns["email_key"]])).get(columns["email_key"])
    if existing is not None:
        return await Person.get(id=existing.id)
    return Person(id="", workspace_id=context.workspace_id, created_at=context.now, own_fields={}, **columns)


def checked_columns_of(address: str) -> dict[str, str]:
    """Return the columns of a person with an address. Raises Refusal with the path ``to``."""
    try:
        return checked_columns({"email": address})
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.message, ("to",)) from None


async def store_recipient(context: WorkspaceContext, person: Person) -> Person:
    """Return the person, stored if they are new. Call it first in a transaction."""
    if person.id:
        return person
    try:
        return await create_person(context, person.email)
    except Refusal as refusal:
        # Another request has just stored a person with the address.
        if refusal.code != PersonCode.PERSON_EXISTS:
            raise
    existing = await by_address_keys(Person, context.workspace_id, [person.email_key])
    return await Person.get(id=existing[person.email_key].id)


async def refuse_recipient(context: WorkspaceContext, person: Person, path: inputs.Path) -> None:
    """Refuse a person who must get no email: unsubscribed, bounced or blocked. A new person is checked by address."""
    if person.id:
        await refuse_unsubscribed(person, path)
    elif await suppressed_keys(context.workspace_id, [person.email_key]):
        raise Refusal.of(PersonCode.UNSUBSCRIBED, path, email=person.email)
    refuse_undeliverable(context.workspace, person, path)


def checked_copies(cc: Sequence[str], bcc: Sequence[str]) -> Copies:
    """Return valid addresses of copies, each once: in CC if it is in both lists. Raises Refusal with its path."""
    if len(cc) + len(bcc) >= MAX_RECIPIENTS:
        raise Refusal.of(EmailCode.TOO_MANY_RECIPIENTS, ("cc" if cc else "bcc",), limit=MAX_RECIPIENTS)
    seen: set[str] = set()
    return Copies(_valid_copies("cc", cc, seen), _valid_copies("bcc", bcc, seen))


def _valid_copies(name: str, addresses: Sequence[str], seen: set[str]) -> tuple[str, ...]:
    valid_addresses = []
    for index, address in enumerate(addresses):
        valid = inputs.address(address, (name, str(index)))
        if (key := address_key(valid)) not in seen:
            seen.add(key)
            valid_addresses.append(valid)
    return tuple(valid_addresses)


def refuse_reached(person: Person, email: OneOffEmail, path: inputs.Path) -> None:
    """Refuse a recipient who has got the email before, as a copy."""
    if person.email_key in email.reached_keys:
        raise Refusal.of(ReasonCode.ALREADY_RECEIVED, path, email=person.email)


async def refuse_copies(
    context: WorkspaceContext, sender: Sender, copies: Copies, reached_keys: Collection[str] = ()
) -> None:
    """Refuse addresses that must get no copy, and a sender whose channel sends none. Raises Refusal with the path.

    Addresses with ``reached_keys`` have got their copy and get no other one, so they are not checked.
    Call in the transaction that schedules the email. Dispatch makes the same checks once more.
    """
    if not copies.cc and not copies.bcc:
        return
    channel = context.installed.channels.get(sender.channel)
    if channel is not None and not channel.supports_copies:
        raise Refusal.of(ReasonCode.COPIES_NOT_SUPPORTED, ("senderId",), channel=sender.channel)
    keys = sorted({address_key(address) for address in (*copies.cc, *copies.bcc)})
    suppressed = await suppressed_keys(context.workspace_id, keys)
    bounced = await bounced_keys(context.workspace_id, keys)
    for name, addresses in (("cc", copies.cc), ("bcc", copies.bcc)):
        for index, address in enumerate(addresses):
            if address_key(address) not in reached_keys:
                _refuse_copy(context, address, (name, str(index)), suppressed, bounced)


def _refuse_copy(
    context: WorkspaceContext, address: str, path: inputs.Path, suppressed: Collection[str], bounced: Collection[str]
) -> None:
    key = address_key(address)
    if key in suppressed:
        raise Refusal.of(PersonCode.UNSUBSCRIBED, path, email=address)
    if key in bounced:
        raise Refusal.of(PersonCode.BOUNCED, path, email=address)
    if domain := blocking_domain(address, context.workspace.blocked_domains):
        raise Refusal.of(PersonCode.BLOCKED_DOMAIN, path, domain=domain)


def require(value: str | None, name: str) -> str:
    """Return a value that a client may change but not remove. Raises Refusal."""
    if value is None:
        raise Refusal.of(InputCode.REQUIRED, (name,), case="null", argument=name)
    return value
