"""Recalculate some people of a campaign: after an edit or a changed fact, and again after a send option has failed."""

from typing import NamedTuple

from api.services.campaigns.editing.edit_planner import EditPlanner
from api.services.campaigns.editing.edit_writer import rewrite
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.progress import finish_done
from api.services.enrollments.waiting_people import let_wait
from api.store.campaigns import edits, holds


class Recalculated(NamedTuple):
    """The numbers of one chunk."""

    people: int
    """People who were calculated: those without an email in transmission."""
    planned: int
    """Those of them whose plan is complete: no send option failed, and no email was claimed."""
    codes: frozenset[str]
    """The codes of the errors of the others."""


async def recalculate(context: WorkspaceContext, planner: EditPlanner, ids: list[str], *, paused: bool) -> Recalculated:
    """Recalculate these enrollments, except those with an email in transmission. Call in a transaction.

    ``paused`` says whether the campaign is paused.
    """
    campaign = planner.campaign
    await edits.release_claims_of(ids)
    await holds.lock_schedules(ids)
    # These people keep their old revision: if the transmission fails, their email is recalculated later.
    leaving = await edits.enrollments_with_email(ids, "TRANSMITTING")
    ids = [each for each in ids if each not in leaving]
    found = await planner.changes(ids)
    missed = await rewrite(context, campaign, found, held=paused)
    claimed = missed | await edits.enrollments_with_email(ids, "CLAIMED")
    done = [each for each in ids if each not in claimed]
    await edits.mark_recalculated(done, campaign.revision)
    written = set(done)
    waiting = [each for each in found.unresolved if each[0].id in written]
    await let_wait(context, planner.steps, waiting, again=planner.again)
    if not paused:
        await holds.release(done)
    await finish_done(done, context.now)
    return Recalculated(len(ids), len(done) - len(waiting), frozenset(why.code for _, why in waiting))
