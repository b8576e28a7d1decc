"""Templates and the steps that use them."""

from datetime import date

from api.models import Enrollment, Launch, Step, Template
from api.states import OPEN_LAUNCH_STATUSES
from api.store.engine.database import is_postgres
from api.store.engine.listing.listing import Listing
from api.store.engine.sql import execute, in_list
from strategies import StepType

SHOWN_CAMPAIGNS = 5
"""The most campaigns that a refusal names."""
SENT = ("delivered", "bounced_hard", "bounced_soft", "in_doubt")
"""The counts of emails that were sent, or may have been."""
UNUSED = (
    "(SELECT 1 FROM report_count WHERE scope = 'TEMPLATE' AND subject_id = template.id AND day >= {}"
    f" AND {' + '.join(SENT)} > 0 LIMIT 1) IS NULL AND (SELECT 1 FROM report_delta"
    " WHERE report_delta.workspace_id = template.workspace_id AND template_id = template.id AND day >= {}"
    f" AND number > 0 AND measure IN ({', '.join(repr(name) for name in SENT)}) LIMIT 1) IS NULL"
)
"""SQL condition with the same day twice: no email was sent from the template on or after it.

Written with NOT EXISTS, PostgreSQL may read the counts of all templates for one page.
"""


async def subjects_of(template_ids: list[str]) -> dict[str, str]:
    """Return the subjects of templates, by id. They do not change before the transaction ends."""
    lock = "FOR SHARE" if is_postgres() else ""
    rows = await execute(
        f"SELECT id, subject FROM template WHERE {in_list('id', 1)} ORDER BY id {lock}",
        sorted(set(template_ids)),
    )
    return {row["id"]: row["subject"] for row in rows}


async def lock_template(template_id: str) -> None:
    """Lock a template until the transaction ends: no other transaction changes it."""
    if is_postgres():
        await execute("SELECT id FROM template WHERE id = $1 FOR NO KEY UPDATE", template_id)


async def lock_category(category_id: str) -> None:
    """Lock a category until the transaction ends: nothing is moved into it."""
    if is_postgres():
        await execute("SELECT id FROM category WHERE id = $1 FOR UPDATE", category_id)


def templates(workspace_id: str, *, archived: bool | None, unused_since: date | None) -> Listing:
    """Return the workspace's templates: archived ones or the others, and those that no email used since a day."""
    listing = Listing(Template).equal(workspace_id=workspace_id)
    if archived is not None:
        listing = listing.where(f"archived_at IS {'NOT ' if archived else ''}NULL")
    if unused_since is not None:
        listing = listing.where(UNUSED, unused_since, unused_since)
    return listing


def steps_using(template_id: str) -> Listing:
    """Return the steps that use a template, without removed ones."""
    return Listing(Step).equal(template_id=template_id).where("removed_at IS NULL")


async def campaigns_using(template_id: str, most: int) -> list[str]:
    """Return the names of campaigns whose steps use a template, up to ``most``."""
    rows = await execute(
        "SELECT name FROM campaign WHERE id IN (SELECT campaign_id FROM step WHERE template_id = $1"
        " AND removed_at IS NULL) ORDER BY id LIMIT $2",
        template_id,
        most,
    )
    return [row["name"] for row in rows]


async def archived_templates(template_ids: list[str]) -> set[str]:
    """Return those of these templates that are archived. That does not change before the transaction ends."""
    lock = "FOR SHARE" if is_postgres() else ""
    rows = await execute(
        f"SELECT id, archived_at FROM template WHERE {in_list('id', 1)} ORDER BY id {lock}", sorted(set(template_ids))
    )
    return {row["id"] for row in rows if row["archived_at"] is not None}


async def forget_in_removed_steps(template_id: str) -> None:
    """Remove a template from removed steps. No email of these steps was sent from it."""
    await execute("UPDATE step SET template_id = NULL WHERE template_id = $1 AND removed_at IS NOT NULL", template_id)


async def steps_with_content_of(template_id: str) -> list[str]:
    """Return the steps whose emails contain a template: its own steps, and the follow-ups of their campaigns."""
    campaigns = await Step.filter(template_id=template_id).distinct().values_list("campaign_id", flat=True)
    steps = Step.filter(campaign_id__in=list(campaigns))
    return [str(step.id) for step in await steps if step.template_id == template_id or step.follow_up]


async def running_step_without_subject(template_id: str) -> Step | None:
    """Return a step, with its campaign, that takes its subject from a template and may send emails."""
    steps = Step.filter(template_id=template_id, type=StepType.EMAIL, follow_up=False, removed_at=None)
    for step in await steps.order_by("id").select_related("campaign"):
        campaign = {"campaign_id": step.campaign_id}
        if not step.subject and (
            await Enrollment.filter(**campaign, ended_at=None).exists()
            or await Launch.filter(**campaign, status__in=OPEN_LAUNCH_STATUSES).exists()
        ):
            return step
    return None


async def is_transactional(template_id: str | None) -> bool:
    """Say whether a template is transactional. An email without a template is not."""
    return template_id is not None and await Template.filter(id=template_id, transactional=True).exists()
