"""Check whether a claimed email may still be sent: its address, its campaign, its step and its account.

These checks run before an email is rendered, on the rows of its batch. ``begin_transmission`` in
``api/store/dispatch/transmissions.py`` checks the conditions that must hold to the end again, when the transmission
begins.
"""

from collections.abc import Collection

from api.codes.refusals.campaigns import CampaignCode
from api.codes.refusals.people import PersonCode
from api.codes.refusals.workspaces import WorkspaceCode
from api.mail.domains import blocking_domain
from api.models import Step, Workspace
from api.services.common.emails.recipient import Recipient
from api.services.workspaces.accounts import may_use
from api.states import MAY_GET_EMAILS
from strategies.codes import Message


def why_not_send(
    workspace: Workspace,
    account: str,
    person: Recipient,
    enrollment_status: str | None,
    step: Step | None,
    blocked_domains: Collection[str],
    *,
    transactional: bool,
) -> Message | None:
    """Return why an email must not be sent any more, or None if it may be sent.

    The reasons, the first that applies: the workspace may not use the account, the address has unsubscribed (unless
    the email is transactional), the campaign has ended for the person, the step was removed, the address has bounced,
    its domain is blocked. An email outside campaigns has no enrollment and no step.
    """
    if not may_use(workspace, account):
        return WorkspaceCode.ACCOUNT_NOT_ALLOWED.message(account=account)
    if person.unsubscribed and not transactional:
        return PersonCode.UNSUBSCRIBED.message(email=person.email)
    if enrollment_status is not None and enrollment_status not in MAY_GET_EMAILS:
        return CampaignCode.CAMPAIGN_ENDED.message()
    if step is not None and step.removed_at is not None:
        return CampaignCode.STEP_REMOVED.message("email")
    if person.bounced:
        return PersonCode.BOUNCED.message(email=person.email)
    if domain := blocking_domain(person.email, blocked_domains):
        return PersonCode.BLOCKED_DOMAIN.message(domain=domain)
    return None
