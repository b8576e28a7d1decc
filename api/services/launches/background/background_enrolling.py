"""Enroll the audience of a background launch. Each chunk of people is one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.jobs import JobCode
from api.codes.refusals.launches import LaunchCode
from api.codes.refusals.people import PersonCode
from api.codes.request_errors.inputs import InputCode
from api.mail.text_checks import storable_text
from api.models import Campaign, Launch, Sender, Step, Workspace
from api.services.common.job_chunks.bisection import bisect_failures
from api.services.common.job_chunks.chunk_sizes import INSERTED_ROWS_PER_TRANSACTION, ChunkSize, people_per_transaction
from api.services.common.loop_slices import LoopSlices
from api.services.common.request_context import WorkspaceContext, workspace_now
from api.services.enrollments.facts.fact_changes import follow_newcomers
from api.services.enrollments.facts.option_facts import FactSource, OwnFacts
from api.services.jobs.job_kind import Chunks
from api.services.launches.background.asking_ahead import AskingAhead, plan_key
from api.services.launches.background.enrollment_planner import EnrollmentPlanner, PlanKey
from api.services.launches.ready_campaign import ready
from api.services.people.reachability import why_not_launch
from api.states import LaunchStatus
from api.store.campaigns.campaign_state import lock_campaign_state
from api.store.campaigns.campaign_status import mark_launched
from api.store.dispatch.transmissions import MAX_CODE_CHARACTERS
from api.store.emails.transactional import is_transactional
from api.store.engine.rows import by_ids
from api.store.engine.transactions import retry_on_deadlock
from api.store.enrollments.enrollments import earlier_endings, lock_open_enrollments
from api.store.events.events import Line, campaign_event, write
from api.store.launches import launch_choices
from api.store.launches import launches as audience
from api.store.launches.background_enrolling import EnrollmentPlan, enroll
from api.store.launches.first_emails import apply_first_emails
from api.store.people.people import lock_present
from api.store.people.suppressions import suppressed_people
from api.store.replies.bounces import bounced
from strategies import Refusal
from strategies.questions import QuestionCollector

PEOPLE_PER_CHUNK = 1_000
"""Most people whom one transaction enrolls. Fewer if the campaign has many steps."""


async def launch_chunks(row: Launch, context_of: Callable[[Workspace], WorkspaceContext]) -> Chunks:
    """Enroll the remaining people. One transaction enrolls a chunk of people and stores the progress."""
    if row.status is not LaunchStatus.RUNNING:
        return
    context = context_of(await Workspace.get(id=row.workspace_id))
    more, size = True, ChunkSize(PEOPLE_PER_CHUNK)
    while more:
        # The remaining people get the present steps: read them again after an edit.
        campaign, steps = await ready(context, row.campaign_id)
        sender = await Sender.get(id=row.sender_id or campaign.sender_id)
        transactional = await is_transactional(campaign.id)
        size.most = people_per_transaction(PEOPLE_PER_CHUNK, len(steps), INSERTED_ROWS_PER_TRANSACTION)
        choices = await launch_choices.choices_of(row.id)
        senders = await by_ids(Sender, row.workspace_id, {each.sender_id for each in choices.values()})
        source = await FactSource.load(context, campaign, steps, row.resumed_at or row.launched_at)
        planner = EnrollmentPlanner(context, row, campaign, steps, source, sender, choices, senders)
        ahead = AskingAhead(row, campaign, planner)
        enroller = _Enroller(context, row, campaign, steps, planner, ahead, size, transactional)
        try:
            while more and not enroller.edited:
                before = row.processed
                more = await enroller.chunk()
                context.wake()
                yield row.processed - before
        finally:
            await ahead.close()
        row = await Launch.get(id=row.id)


@dataclass(slots=True)
class _Enroller:
    context: WorkspaceContext
    row: Launch
    campaign: Campaign
    steps: Sequence[Step]
    planner: EnrollmentPlanner
    ahead: AskingAhead
    size: ChunkSize
    transactional: bool
    """Whether the campaign is transactional, so that unsubscribed people are enrolled too."""
    edited: bool = False
    """Whether the campaign was edited after it was read."""

    async def chunk(self) -> bool:
        """Enroll the next people, and leave out people whose rows cannot be written. Returns the result of ``part``."""

        async def enroll(places: Sequence[int]) -> bool:
            return await self.part(len(places))

        async def leave_out(place: int, reason: str) -> bool:
            return await self.part(1, left_out_as=JobCode.ROW_FAILED)

        count = max(1, min(self.size.size, self.row.total - self.row.processed))
        await self.ahead.begin(self.row.processed, count)
        return all(await bisect_failures(range(count), enroll, leave_out))

    @retry_on_deadlock
    async def part(self, max_people: int, left_out_as: str | None = None) -> bool:
        """Enroll up to ``max_people`` next people, or leave them out for a reason.

        Returns False if nobody remains, or if the launch was paused, resumed, cancelled or taken over.
        """
        people = await audience.next_people(self.row.id, self.row.workspace_id, self.row.processed, max_people)
        left_out: dict[str, str] = {}
        ids_by_plan: dict[PlanKey, list[str]] = {}
        own: Mapping[str, OwnFacts] = {}
        if left_out_as is None:
            own = await self.ahead.own_facts([person["id"] for person in people if person["id"] is not None])
            await self._sort_out(people, own, left_out, ids_by_plan)
        else:
            left_out = {person["person_id"]: left_out_as for person in people}
        processed = self.row.processed + len(people)
        async with self.size.transaction(max_people):
            state = await lock_campaign_state(self.campaign.id)
            self.edited = state.revision != self.campaign.revision
            if self.edited:
                return True
            # A pause, a cancellation and another process lock the launch's row too, so they come before this chunk or
            # wait for it. A resume changes the launch time: then this run, which has the old time, stops.
            if not await audience.mark_processed(self.row.id, self.row.processed, processed, self.planner.began):
                return False
            enrolled = self.row.enrolled
            gone = await suppressed_people([each for ids in ids_by_plan.values() for each in ids])
            if gone and not await is_transactional(self.campaign.id):
                left_out |= dict.fromkeys(sorted(gone), PersonCode.UNSUBSCRIBED)
            if self.campaign.remove_on_bounce:
                dead = await bounced([each for ids in ids_by_plan.values() for each in ids if each not in gone])
                left_out |= dict.fromkeys(sorted(dead), PersonCode.BOUNCED)
            left_out |= dict.fromkeys(await self._absent(ids_by_plan), InputCode.NOT_FOUND)
            before = await self._ended_before(
                [each for ids in ids_by_plan.values() for each in ids if each not in left_out]
            )
            left_out |= dict.fromkeys(before, LaunchCode.ENDED_BEFORE)
            newcomers = await self._enroll(ids_by_plan, own, left_out, state.all_paused_seconds)
            enrolled += len(newcomers)
            if self.row.first_emails and newcomers:
                first = self.steps[0].id
                await apply_first_emails(self.row.id, self.campaign.id, first, sorted(newcomers), self.planner.began)
            if enrolled > self.row.enrolled:
                await mark_launched(self.campaign.id, self.planner.began)
            await audience.leave_out(self.row.id, self.row.workspace_id, left_out)
            await audience.delete_processed(self.row.id, processed)
            counted = {"enrolled": enrolled, "left_out": self.row.left_out + len(left_out)}
            over = processed >= self.row.total
            ended = {"status": LaunchStatus.FINISHED} if over else {}
            await Launch.filter(id=self.row.id).update(**counted, **ended)
            if over:
                await self._delete_choices()
                now = await workspace_now(self.row.workspace_id, self.context.clock)
                await write([self._finished_event(counted, now)])
        self.row.update_from_dict({"processed": processed, **counted, **ended})
        return not over

    async def _enroll(
        self,
        ids_by_plan: Mapping[PlanKey, Sequence[str]],
        own: Mapping[str, OwnFacts],
        left_out: dict[str, str],
        paused_seconds: int,
    ) -> set[str]:
        """Enroll people by their plans, except those who are left out. Returns who is enrolled, and adds the others."""
        planned: dict[int, tuple[EnrollmentPlan, list[str]]] = {}
        for key, everyone in ids_by_plan.items():
            plan = self.planner.plan(key)
            assert isinstance(plan, EnrollmentPlan)  # noqa: S101 - people without a plan are left out before
            _, ids = planned.setdefault(id(plan), (plan, []))
            ids += [person_id for person_id in everyone if person_id not in left_out]
        newcomers, lines = await enroll([*planned.values()], self.planner.began, paused_seconds)
        await write(lines)
        left_out |= dict.fromkeys(
            (person_id for _, ids in planned.values() for person_id in ids if person_id not in newcomers),
            LaunchCode.ALREADY_ENROLLED,
        )
        planned_facts = {each: own[each] for each in newcomers if each in own}
        await follow_newcomers(self.planner.source, self.campaign, planned_facts, self.context.clock)
        return newcomers

    async def _delete_choices(self) -> None:
        """Delete the choices and texts for single people, because everyone is processed."""
        if self.row.first_emails:
            await audience.delete_first_emails(self.row.id)
        if self.planner.choices:
            await launch_choices.delete_choices(self.row.id)

    async def _sort_out(
        self,
        people: Sequence[Mapping[str, Any]],
        own_facts: Mapping[str, OwnFacts],
        left_out: dict[str, str],
        ids_by_plan: dict[PlanKey, list[str]],
    ) -> None:
        """Sort people into those to leave out, with the reason, and those to enroll, by their plan."""
        self.planner.forget()
        questions, slices = QuestionCollector(), LoopSlices()
        for person in people:
            await slices.turn()
            if person["id"] is None:
                left_out[person["person_id"]] = InputCode.NOT_FOUND
                continue
            key = plan_key(self.campaign, self.planner, person, own_facts)
            plan = None
            with questions:
                plan = self.planner.plan(key)
            if plan is None:
                continue
            unsubscribed, bounced = person["unsubscribed"], person["bounced"]
            if why := why_not_launch(
                self.campaign, unsubscribed=unsubscribed, bounced=bounced, transactional=self.transactional
            ):
                left_out[person["id"]] = why
            elif isinstance(plan, Refusal):
                left_out[person["id"]] = storable_text(plan.code, MAX_CODE_CHARACTERS)
            else:
                ids_by_plan.setdefault(key, []).append(person["id"])
        questions.raise_any()

    async def _absent(self, ids_by_plan: Mapping[PlanKey, Sequence[str]]) -> list[str]:
        """Return the people who were erased or merged since they were read."""
        chosen = [each for ids in ids_by_plan.values() for each in ids]
        present = await lock_present(chosen)
        return [each for each in chosen if each not in present]

    async def _ended_before(self, person_ids: list[str]) -> list[str]:
        """Return the people for whom the campaign has ended. Call in the transaction that enrolls the others."""
        if self.row.again:
            return []
        await lock_open_enrollments(self.campaign.id, person_ids)
        return list(await earlier_endings(self.campaign.id, person_ids))

    def _finished_event(self, counted: Mapping[str, int], now: datetime) -> Line:
        data = {"launch": self.row.id, "enrolled": counted["enrolled"], "leftOut": counted["left_out"]}
        return campaign_event(self.row.workspace_id, self.campaign.id, EventKind.LAUNCH_FINISHED, now, data=data)
