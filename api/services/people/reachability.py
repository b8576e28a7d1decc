"""Check that a person's address can get emails: it has not bounced, and its domain is not blocked."""

from api.codes.people import PersonCode
from api.mail.domains import blocking_domain
from api.models import Campaign, Person, Workspace
from strategies import Refusal, WarningNote
from strategies.warning_codes import WarningCode


def refuse_unreachable(workspace: Workspace, person: Person, path: tuple[str, ...]) -> None:
    """Raise Refusal if the address has bounced or its domain is blocked."""
    if person.bounced_at is not None:
        raise Refusal.of(PersonCode.BOUNCED, path, email=person.email)
    if domain := blocking_domain(person.email, workspace.blocked_domains):
        raise Refusal.of(PersonCode.BLOCKED_DOMAIN, path, domain=domain)


def unreachable_warnings(workspace: Workspace, campaign: Campaign, person: Person) -> list[WarningNote]:
    """Return the reasons why the person's emails would fail in this campaign. Their tasks are still created."""
    found = []
    if person.bounced_at is not None and not campaign.remove_on_bounce:
        found.append(WarningCode.ADDRESS_BOUNCES.note(email=person.email))
    if domain := blocking_domain(person.email, workspace.blocked_domains):
        found.append(WarningCode.DOMAIN_BLOCKED.note(email=person.email, domain=domain))
    return found
