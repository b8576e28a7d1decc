"""Previews calculated person by person, and what edits and resumes have changed."""

from collections import Counter
from typing import Any

from api.models import Campaign, Enrollment, Send, Step, Task
from api.services.campaigns.draft import Draft
from api.services.campaigns.editing import edit_preview
from api.services.campaigns.editing.apply_edit import check
from api.services.campaigns.editing.edit_planner import EditPlanner
from api.services.campaigns.editing.edit_preview import EditPreview
from api.services.campaigns.editing.edit_tally import EditTally
from api.services.campaigns.pausing import resume_preview
from api.services.campaigns.pausing.resume_planner import ResumePlanner
from api.services.campaigns.pausing.resume_preview import ResumePreview
from api.services.campaigns.pausing.resume_tally import ResumeTally
from api.services.common.live_steps import steps_of
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.facts.fact_groups import FactGroups
from api.states import SendStatus
from api.store.campaigns import edits, holds

State = tuple[dict[str, Send], dict[str, Task]]


async def edit_person_by_person(context: WorkspaceContext, draft: Draft) -> EditPreview:
    """Return the preview of an edit, calculated from each person's rows in the database."""
    row = draft.campaign
    planner = await EditPlanner.load(context, row, draft.steps, row.paused_at or context.now)
    tally, groups = EditTally(draft, planner.now), FactGroups()
    people = await edits.people_in(row.id, "", 1_000) if await check(context, draft) else ()
    for person in people:
        tally.add(await planner.changes([person["id"]]))
    groups.total = len(people)
    return await edit_preview.preview_of(context, draft, tally, groups, context.now)


async def resume_person_by_person(context: WorkspaceContext, campaign_id: str) -> ResumePreview:
    """Return the preview of a resume, calculated from each person's rows in the database."""
    campaign = await Campaign.get(id=campaign_id)
    planner = await ResumePlanner.load(context, campaign, await steps_of(campaign), context.now)
    tally, groups = ResumeTally(planner.steps, planner.now), FactGroups()
    people = await holds.enrollments_on_hold(campaign_id, "", 1_000)
    for key in people:
        changes = await planner.changes([key])
        tally.add(changes, await Enrollment.get(id=key), await Send.filter(enrollment_id=key))
    groups.total = len(people)
    return resume_preview.preview_of(context.now, tally, groups)


async def state() -> State:
    """Every email and task, as far as an edit may change it."""
    sends = {row.id: row for row in await Send.all()}
    return sends, {row.id: row for row in await Task.all()}


def foretold_changes(preview: EditPreview) -> Counter[Any]:
    """Count the changes that a preview of an edit names, by step."""
    told = Counter[Any]()
    for each in preview.steps:
        for (old, new), emails in each.pairs.items():
            told[each.removed, each.step, old, new] += emails
        told[each.removed, each.step, "moving"] = each.tasks_moving
        told[each.removed, each.step, "created"] = each.tasks_created
        told[each.removed, each.step, "gone"] = each.tasks_withdrawn + each.tasks_cancelled
    return +told


async def actual_changes(before: State, after: State) -> Counter[Any]:
    """Count what an edit has changed, in the same way."""
    done = Counter[Any]()
    place = {row.id: (row.removed_at is not None, row.number) for row in await Step.all()}
    for key, send in after[0].items():
        was = before[0].get(key)
        if was is None or was.due_at != send.due_at:
            done[*place[send.step_id], was and was.due_at, send.due_at] += 1
        elif was.status is not send.status and send.status is SendStatus.FAILED:
            assert send.reason == "STEP_REMOVED"
            done[*place[send.step_id], was.due_at, None] += 1
    for key in before[0].keys() - after[0].keys():
        done[*place[before[0][key].step_id], before[0][key].due_at, None] += 1
    for key, task in after[1].items():
        old = before[1].get(key)
        done[*place[task.step_id], "created"] += old is None
        done[*place[task.step_id], "moving"] += old is not None and old.due_date != task.due_date
        done[*place[task.step_id], "gone"] += old is not None and old.status is not task.status
    for key in before[1].keys() - after[1].keys():
        done[*place[before[1][key].step_id], "gone"] += 1
    return +done
