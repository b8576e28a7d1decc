"""Check whether emails may go to a person's address: it has not unsubscribed, has not bounced, and is not blocked.

Each request that schedules an email checks it in its transaction, with the person locked: ``lock_reachable`` for one
email, ``refuse_gone_meanwhile`` and the chunks of ``background_enrolling`` for launches. All emails are checked again
when they are claimed (``services/dispatch/claim/checks_before_rendering.py``) and in the transaction that begins their
transmission (``MAY_BE_SENT`` of ``store/dispatch/transmissions.py``). Resumes, edits, completed tasks and other times
only move emails, so those two checks decide.
"""

from api.codes.refusals.people import PersonCode
from api.codes.request_errors.inputs import InputCode
from api.mail.domains import blocking_domain
from api.models import Campaign, Person, Workspace
from api.store.people.people import lock_present
from api.store.people.suppressions import suppressed_keys, suppressed_people
from strategies import Refusal, WarningNote
from strategies.sentences.warning_codes import WarningCode


async def lock_reachable(
    workspace: Workspace, person_id: str, path: tuple[str, ...], *, transactional: bool = False
) -> Person:
    """Return a person to whom an email may go. Raises Refusal if the address has unsubscribed, bounced or is blocked.

    A transactional email ignores an unsubscribe.

    Call in the transaction that schedules the email: nobody unsubscribes, merges or erases the person before its end.
    """
    await lock_present([person_id])
    person = await Person.get_or_none(id=person_id)
    if person is None or person.is_merged:  # after the email was read
        raise Refusal.of(InputCode.CHANGED_MEANWHILE, path, case="person")
    if not transactional:
        await refuse_unsubscribed(person, path)
    refuse_undeliverable(workspace, person, path)
    return person


async def refuse_unsubscribed(person: Person, path: tuple[str, ...]) -> None:
    """Refuse an address that has unsubscribed. It cannot unsubscribe before the transaction ends."""
    if await suppressed_people([person.id]):
        raise _unsubscribed(person, path)


def refuse_undeliverable(workspace: Workspace, person: Person, path: tuple[str, ...]) -> None:
    """Refuse an address that has bounced, or whose domain is blocked."""
    if person.erased_at is not None:
        raise Refusal.of(PersonCode.PERSON_ERASED, path)
    if person.bounced_at is not None:
        raise Refusal.of(PersonCode.BOUNCED, path, email=person.email)
    if domain := blocking_domain(person.email, workspace.blocked_domains):
        raise Refusal.of(PersonCode.BLOCKED_DOMAIN, path, domain=domain)


async def refuse_composing(person: Person, path: tuple[str, ...]) -> None:
    """Refuse to show an email to an address that has unsubscribed, so that a rep does not send it by hand."""
    if await suppressed_keys(person.workspace_id, [person.email_key]):
        raise _unsubscribed(person, path)


def why_not_launch(campaign: Campaign, *, unsubscribed: bool, bounced: bool, transactional: bool) -> PersonCode | None:
    """Return why a launch cannot enroll a person. A blocked domain does not prevent it: tasks still happen.

    ``transactional``: the campaign is transactional, so that it ignores an unsubscribe.
    """
    if unsubscribed and not transactional:
        return PersonCode.UNSUBSCRIBED
    if bounced and campaign.remove_on_bounce:
        return PersonCode.BOUNCED
    return None


def unreachable_warnings(
    workspace: Workspace, campaign: Campaign, person: Person, *, unsubscribed: bool
) -> list[WarningNote]:
    """Return the reasons why the person's emails would fail in this campaign. Their tasks are still created.

    ``why_not_launch`` refuses unsubscribed people, except in a transactional campaign, whose emails they get.
    """
    found = []
    if unsubscribed:
        found.append(WarningCode.UNSUBSCRIBED_GETS_TRANSACTIONAL.note(email=person.email))
    if person.bounced_at is not None and not campaign.remove_on_bounce:
        found.append(WarningCode.ADDRESS_BOUNCES.note(email=person.email))
    if domain := blocking_domain(person.email, workspace.blocked_domains):
        found.append(WarningCode.DOMAIN_BLOCKED.note(email=person.email, domain=domain))
    return found


def _unsubscribed(person: Person, path: tuple[str, ...]) -> Refusal:
    return Refusal.of(PersonCode.UNSUBSCRIBED, path, email=person.email)
