"""Enroll the audience of a background launch. Each chunk of people is one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from api.codes.event_kinds import EventKind
from api.codes.inputs import InputCode
from api.codes.jobs import JobCode
from api.codes.launches import LaunchCode
from api.codes.people import PersonCode
from api.mail.text_checks import storable_text
from api.models import Campaign, Enrollment, Launch, Sender, Step, Workspace
from api.services.common.bisection import bisect_failures
from api.services.common.chunk_sizes import INSERTED_ROWS_PER_TRANSACTION, ChunkSize, people_per_transaction
from api.services.common.context import WorkspaceContext, workspace_now
from api.services.enrollments.timeline_rows import resolve, send_row, task_row, zone_for
from api.services.jobs.job_kind import Chunks
from api.services.launches.launch import ready
from api.services.people.reachability import why_not_launch
from api.states import LaunchStatus
from api.store import launches as audience
from api.store.background_enrolling import EnrollmentPlan, enroll
from api.store.bounces import bounced
from api.store.campaign_state import lock_campaign_state
from api.store.engine.transactions import retry_on_deadlock
from api.store.enrollments import earlier_endings, lock_open_enrollments
from api.store.events import Line, campaign_event, write
from api.store.suppressions import suppressed_people
from api.store.transactional import is_transactional
from api.store.transmissions import MAX_CODE_CHARACTERS
from strategies import Refusal
from strategies.records import PlannedSend, ZoneOf

PEOPLE_PER_CHUNK = 1_000
"""Most people whom one transaction enrolls. Fewer if the campaign has many steps."""
Zone = tuple[str, ZoneOf]
"""A time zone, and whose zone it is."""


async def launch_chunks(row: Launch, context_of: Callable[[Workspace], WorkspaceContext]) -> Chunks:
    """Enroll the remaining people. One transaction enrolls a chunk of people and stores the progress."""
    if row.status is not LaunchStatus.RUNNING:
        return
    context = context_of(await Workspace.get(id=row.workspace_id))
    more, size = True, ChunkSize(PEOPLE_PER_CHUNK)
    while more:
        # The remaining people get the present steps: read them again after an edit.
        campaign, steps = await ready(context, row.campaign_id)
        sender = await Sender.get(id=campaign.sender_id)
        transactional = await is_transactional(campaign.id)
        size.most = people_per_transaction(PEOPLE_PER_CHUNK, len(steps), INSERTED_ROWS_PER_TRANSACTION)
        enroller = _Enroller(context, row, campaign, steps, sender.zone, size, transactional)
        while more and not enroller.edited:
            before = row.processed
            more = await enroller.chunk()
            context.wake()
            yield row.processed - before
        row = await Launch.get(id=row.id)


@dataclass(slots=True)
class _Enroller:
    context: WorkspaceContext
    row: Launch
    campaign: Campaign
    steps: Sequence[Step]
    zone: str
    size: ChunkSize
    transactional: bool
    """Whether the campaign is transactional, so that unsubscribed people are enrolled too."""
    edited: bool = False
    """Whether the campaign was edited after it was read."""
    plans: dict[Zone, EnrollmentPlan | Refusal] = field(default_factory=dict)

    @property
    def began(self) -> datetime:
        """The launch time of the remaining people (UTC): when the launch started, or was last resumed."""
        return self.row.resumed_at or self.row.launched_at

    async def chunk(self) -> bool:
        """Enroll the next people, and leave out people whose rows cannot be written. Returns the result of ``part``."""

        async def enroll(places: Sequence[int]) -> bool:
            return await self.part(len(places))

        async def leave_out(place: int, reason: str) -> bool:
            return await self.part(1, left_out_as=JobCode.ROW_FAILED)

        places = range(max(1, min(self.size.size, self.row.total - self.row.processed)))
        return all(await bisect_failures(places, enroll, leave_out))

    @retry_on_deadlock
    async def part(self, max_people: int, left_out_as: str | None = None) -> bool:
        """Enroll up to ``max_people`` next people, or leave them out for a reason.

        Returns False if nobody remains, or if the launch was paused, resumed, cancelled or taken over.
        """
        people = await audience.next_people(self.row.id, self.row.workspace_id, self.row.processed, max_people)
        left_out: dict[str, str] = {}
        wanted: dict[Zone, list[str]] = {}
        if left_out_as is None:
            self._sort_out(people, left_out, wanted)
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
            if not await audience.mark_processed(self.row.id, self.row.processed, processed, self.began):
                return False
            enrolled = self.row.enrolled
            gone = await suppressed_people([each for ids in wanted.values() for each in ids])
            if gone and not await is_transactional(self.campaign.id):
                left_out |= dict.fromkeys(sorted(gone), PersonCode.UNSUBSCRIBED)
            if self.campaign.remove_on_bounce:
                dead = await bounced([each for ids in wanted.values() for each in ids if each not in gone])
                left_out |= dict.fromkeys(sorted(dead), PersonCode.BOUNCED)
            before = await self._ended_before([each for ids in wanted.values() for each in ids if each not in left_out])
            left_out |= dict.fromkeys(before, LaunchCode.ENDED_BEFORE)
            for zone, everyone in wanted.items():
                ids = [person_id for person_id in everyone if person_id not in left_out]
                plan = self.plans[zone]
                assert isinstance(plan, EnrollmentPlan)  # noqa: S101 - people without a plan are left out before
                added, lines = await enroll(plan, ids, self.began, state.all_paused_seconds)
                await write(lines)
                left_out |= dict.fromkeys(
                    (person_id for person_id in ids if person_id not in added), LaunchCode.ALREADY_ENROLLED
                )
                enrolled += len(added)
            await audience.leave_out(self.row.id, self.row.workspace_id, left_out)
            await audience.delete_processed(self.row.id, processed)
            counted = {"enrolled": enrolled, "left_out": self.row.left_out + len(left_out)}
            over = processed >= self.row.total
            ended = {"status": LaunchStatus.FINISHED} if over else {}
            await Launch.filter(id=self.row.id).update(**counted, **ended)
            if over:
                now = await workspace_now(self.row.workspace_id, self.context.clock)
                await write([self._finished_event(counted, now)])
        self.row.update_from_dict({"processed": processed, **counted, **ended})
        return not over

    def _sort_out(
        self, people: Sequence[Mapping[str, Any]], left_out: dict[str, str], wanted: dict[Zone, list[str]]
    ) -> None:
        """Sort people into those left out, with the reason, and those to enroll, by zone."""
        for person in people:
            if person["id"] is None:
                left_out[person["person_id"]] = InputCode.NOT_FOUND
                continue
            zone = zone_for(self.campaign, person["zone"], self.zone)
            plan = self._plan(zone)
            unsubscribed, bounced = person["unsubscribed"], person["bounced"]
            if why := why_not_launch(
                self.campaign, unsubscribed=unsubscribed, bounced=bounced, transactional=self.transactional
            ):
                left_out[person["id"]] = why
            elif isinstance(plan, Refusal):
                left_out[person["id"]] = storable_text(plan.code, MAX_CODE_CHARACTERS)
            else:
                wanted.setdefault(zone, []).append(person["id"])

    async def _ended_before(self, person_ids: list[str]) -> list[str]:
        """Return the people for whom the campaign has ended. Call in the transaction that enrolls the others."""
        if self.row.again:
            return []
        await lock_open_enrollments(self.campaign.id, person_ids)
        return list(await earlier_endings(self.campaign.id, person_ids))

    def _plan(self, zone: Zone) -> EnrollmentPlan | Refusal:
        """Return the plan for a zone, or why it has none. It is calculated once."""
        if zone not in self.plans:
            try:
                self.plans[zone] = self._make_plan(zone)
            except Refusal as refusal:
                self.plans[zone] = refusal
        return self.plans[zone]

    def _make_plan(self, zone: Zone) -> EnrollmentPlan:
        example = Enrollment(
            id="", workspace_id=self.row.workspace_id, campaign_id=self.campaign.id, person_id="",
            zone=zone[0], zone_of=zone[1],
            launched_at=self.began, send_at=self.row.send_at, times=self.row.times, revision=self.campaign.revision,
            launched_revision=self.row.revision,
        )  # fmt: skip
        sends, tasks = [], []
        for planned in resolve(self.context, self.campaign, self.steps, example, {}, self.began).planned:
            step = self.steps[planned.number - 1]
            if isinstance(planned, PlannedSend):
                sends.append(send_row(self.context, example, step, self.campaign.sender_id, planned))
            else:
                tasks.append(task_row(self.context, example, step, self.campaign, planned))
        return EnrollmentPlan.of(example, sends, tasks)

    def _finished_event(self, counted: Mapping[str, int], now: datetime) -> Line:
        data = {"launch": self.row.id, "enrolled": counted["enrolled"], "leftOut": counted["left_out"]}
        return campaign_event(self.row.workspace_id, self.campaign.id, EventKind.LAUNCH_FINISHED, now, data=data)
