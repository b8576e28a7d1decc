"""The reasons why a claimed email must not be sent any more, and which of several reasons an email gets."""

from dataclasses import replace
from datetime import UTC, datetime

from api.codes.refusals.campaigns import CampaignCode
from api.codes.refusals.people import PersonCode
from api.codes.refusals.workspaces import WorkspaceCode
from api.models import Step, Workspace
from api.services.common.emails.recipient import Recipient
from api.services.dispatch.claim.checks_before_rendering import why_not_send
from api.states import EnrollmentStatus

ADA = Recipient("per_1", "wsp_1", "ada@mail.acme.com", "Ada", "", "", "", {}, False, False)
GONE = replace(ADA, unsubscribed=True, bounced=True)


def reason(
    person: Recipient = ADA,
    *,
    account: str = "record",
    status: str = EnrollmentStatus.FINISHED,
    removed: bool = False,
    blocked: frozenset[str] = frozenset(),
    transactional: bool = False,
) -> str | None:
    """Return the code of the reason. The workspace may use only the account "record"."""
    step = Step(id="stp_1", removed_at=datetime(2026, 1, 1, tzinfo=UTC) if removed else None)
    workspace = Workspace(id="wsp_1", accounts=["record"])
    why = why_not_send(workspace, account, person, status, step, blocked, transactional=transactional)
    return None if why is None else why[0]


def test_each_reason_alone() -> None:
    assert reason() is None
    assert reason(status=EnrollmentStatus.ACTIVE) is None
    assert reason(account="smtp") == WorkspaceCode.ACCOUNT_NOT_ALLOWED
    assert reason(replace(ADA, unsubscribed=True)) == PersonCode.UNSUBSCRIBED
    assert reason(status=EnrollmentStatus.ENDED) == CampaignCode.CAMPAIGN_ENDED
    assert reason(status=EnrollmentStatus.SUCCEEDED) == CampaignCode.CAMPAIGN_ENDED
    assert reason(removed=True) == CampaignCode.STEP_REMOVED
    assert reason(replace(ADA, bounced=True)) == PersonCode.BOUNCED
    assert reason(blocked=frozenset({"acme.com"})) == PersonCode.BLOCKED_DOMAIN


def test_a_transactional_email_ignores_an_unsubscribe_but_nothing_else() -> None:
    gone, ended = replace(ADA, unsubscribed=True), EnrollmentStatus.ENDED
    assert reason(gone, transactional=True) is None
    assert reason(gone, transactional=True, account="smtp") == WorkspaceCode.ACCOUNT_NOT_ALLOWED
    assert reason(gone, transactional=True, status=ended) == CampaignCode.CAMPAIGN_ENDED
    assert reason(gone, transactional=True, removed=True) == CampaignCode.STEP_REMOVED
    assert reason(GONE, transactional=True) == PersonCode.BOUNCED
    assert reason(gone, transactional=True, blocked=frozenset({"acme.com"})) == PersonCode.BLOCKED_DOMAIN


def test_the_first_of_several_reasons() -> None:
    ended, blocked = EnrollmentStatus.ENDED, frozenset({"acme.com"})
    assert reason(GONE, account="x", status=ended, removed=True, blocked=blocked) == WorkspaceCode.ACCOUNT_NOT_ALLOWED
    assert reason(GONE, status=ended, removed=True, blocked=blocked) == PersonCode.UNSUBSCRIBED
    bounced = replace(GONE, unsubscribed=False)
    assert reason(bounced, status=ended, removed=True, blocked=blocked) == CampaignCode.CAMPAIGN_ENDED
    assert reason(bounced, removed=True, blocked=blocked) == CampaignCode.STEP_REMOVED
    assert reason(bounced, blocked=blocked) == PersonCode.BOUNCED
