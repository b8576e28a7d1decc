"""Call the send options of packages for the next people of a launch, while the people before them are inserted.

Without options that other processes run, it does nothing.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from api.models import Campaign, Launch
from api.services.common.loop_slices import LoopSlices
from api.services.enrollments.facts.option_facts import NO_OWN_FACTS, OwnFacts
from api.services.enrollments.timelines.timeline_rows import zone_for
from api.services.launches.background.enrollment_planner import EnrollmentPlanner, PlanKey
from api.store.launches import launches as audience
from strategies.questions import QuestionCollector, with_answers

log = logging.getLogger("touchline.plans")


class AskingAhead:
    """Fills the plans of an ``EnrollmentPlanner`` for the next people."""

    def __init__(self, launch: Launch, campaign: Campaign, planner: EnrollmentPlanner) -> None:
        self._launch = launch
        self._campaign = campaign
        self._planner = planner
        self._asks = bool(planner.isolated)
        self._task: asyncio.Task[Mapping[str, OwnFacts]] | None = None
        self._start = 0
        """The place in the audience of the first person of the task."""
        self._own: Mapping[str, OwnFacts] = {}
        """The facts of the people of the present chunk, as their plans have them. ``begin`` replaces it."""

    async def begin(self, start: int, count: int) -> None:
        """Wait for the plans of the chunk that starts at this place. Start to plan the next chunk.

        Call it outside of transactions. If it fails, the transaction of the chunk calls the options itself, and finds
        the people that cause the failure.
        """
        if not self._asks:
            return
        self._own = {}
        if self._task is None or self._start != start:
            await self.close()
            self._ask(start, count)
        assert self._task is not None  # noqa: S101 - ``_ask`` sets it
        try:
            self._own = await self._task
        except Exception:
            log.exception("cannot ask the send options of the launch %s ahead", self._launch.id)
        self._task = None
        if start + count < self._launch.total:
            self._ask(start + count, count)

    async def own_facts(self, person_ids: Collection[str]) -> Mapping[str, OwnFacts]:
        """Return the own facts of people: those of their plans if these were made ahead, else the present ones.

        ``follow_newcomers`` finds the people whose facts have changed since.
        """
        if all(each in self._own for each in person_ids):
            return {each: self._own[each] for each in person_ids}
        return await self._planner.source.people(person_ids)

    async def close(self) -> None:
        """Stop asking."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._task
            self._task = None

    def _ask(self, start: int, count: int) -> None:
        self._start = start
        self._task = asyncio.create_task(self._plan(start, count))

    async def _plan(self, start: int, count: int) -> Mapping[str, OwnFacts]:
        launch, planner = self._launch, self._planner
        people = await audience.next_people(launch.id, launch.workspace_id, start, count)
        present = [person for person in people if person["id"] is not None]
        own = await planner.source.people([person["id"] for person in present])
        keys = [plan_key(self._campaign, planner, person, own) for person in present]

        async def plan_all() -> None:
            questions, slices = QuestionCollector(), LoopSlices()
            for key in keys:
                await slices.turn()
                with questions:
                    planner.plan(key)
            questions.raise_any()

        await with_answers(plan_all)
        return own


def plan_key(
    campaign: Campaign, planner: EnrollmentPlanner, person: Mapping[str, Any], own_facts: Mapping[str, OwnFacts]
) -> PlanKey:
    """Return the key of a person's plan: all values on which it depends."""
    own = person["id"] if person["id"] in planner.choices else ""
    zone = zone_for(campaign, person["zone"], planner.sender_of(own).zone)
    return zone, own, own_facts.get(person["id"], NO_OWN_FACTS)
