"""Pauses, resumes and background launches, and processes that are killed while they do them."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from api.models import Enrollment, Launch, Send
from api.services.campaigns.ending.ending import end_campaign
from api.services.campaigns.pausing import pause_job
from api.services.campaigns.pausing.launch_control import pause_launch, resume_launch
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.dispatch.dispatcher import run_once
from api.services.launches.background import background_enrolling
from api.services.launches.background.background_launch import cancel_launch, start_launch
from api.services.launches.launch import Choice
from api.states import OPEN_LAUNCH_STATUSES
from api.store.jobs import LEASE
from strategies import Refusal
from tests.services.jobs.claims import (
    claim_edit,
    claim_end,
    claim_holds,
    claim_launch,
    run_edit,
    run_end,
    run_holds,
    run_launch,
)
from tests.services.world import Killed


class Pauses:
    """Pauses and resumes of the campaign and of its background launches."""

    do: Callable[[Awaitable[Any]], Any]
    pick: Callable[[st.DataObject, list[Any]], Any]
    may_have_left: int
    """How many emails had been sent, or were in transmission, when the campaign was last paused."""

    @rule()
    def pauses(self: Any) -> None:
        with suppress(Refusal):
            self.do(self._pause())

    async def _pause(self: Any) -> None:
        await pause_campaign(self.context, self.campaign)
        transmitting = await Send.filter(status="TRANSMITTING").values_list("id", flat=True)
        self.may_have_left = len(self.channel.left) + len(set(transmitting) - set(self.channel.left))

    @rule()
    def pauses_while_emails_leave(self: Any) -> None:
        async def pause() -> None:
            with suppress(Refusal):
                await self._pause()

        self.channel.interrupt = pause
        self.do(run_once(self.runtime, self.now))
        self.channel.interrupt = None

    @rule(hours=st.sampled_from([0, 1, 30, 100]))
    def resumes(self: Any, hours: float) -> None:
        self.now += timedelta(hours=hours)
        with suppress(Refusal):
            self.do(resume_campaign(self.context, self.campaign))

    @rule(work=st.sampled_from(["_hold", "_release"]), change=st.sampled_from([pause_campaign, resume_campaign]))
    def is_killed_while_it_pauses_or_resumes(self: Any, work: str, change: Callable[..., Awaitable[Any]]) -> None:
        right, calls = getattr(pause_job, work), []

        async def killed(*given: Any) -> Any:
            calls.append(given)
            if len(calls) > 1:
                raise Killed
            return await right(*given)

        with pytest.MonkeyPatch.context() as patch, suppress(Refusal, Killed):
            patch.setattr(pause_job, work, killed)
            self.do(change(self.context, self.campaign))
        if change is pause_campaign:
            self.may_have_left = max(self.may_have_left, len(self.channel.left))
        self.now += LEASE

    @rule()
    def does_the_jobs(self: Any) -> None:
        self.do(self._jobs())

    async def _jobs(self: Any) -> None:
        while (row := await claim_holds(self.now)) is not None:
            await run_holds(row, self.runtime.context)
        while (edited := await claim_edit(self.now)) is not None:
            await run_edit(edited, self.runtime.context)
        while (ending := await claim_end(self.now)) is not None:
            await run_end(ending, self.runtime.context)
        while (launching := await claim_launch(self.now)) is not None:
            await run_launch(launching, self.runtime.context, lambda: self.now)

    @rule()
    def launches_in_the_background(self: Any) -> None:
        with suppress(Refusal):
            self.do(start_launch(self.context, self.campaign, None, Choice("NOW")))

    @rule(data=st.data(), how=st.sampled_from([pause_launch, resume_launch, cancel_launch]))
    def decides_about_a_launch(self: Any, data: st.DataObject, how: Callable[..., Awaitable[Any]]) -> None:
        chosen = self.pick(data, self.do(Launch.filter(status__in=OPEN_LAUNCH_STATUSES)))
        if chosen is not None:
            with suppress(Refusal):
                self.do(how(self.context, chosen.id))

    @rule(data=st.data(), how=st.sampled_from([pause_launch, pause_campaign, end_campaign]))
    def interrupts_a_launch(self: Any, data: st.DataObject, how: Callable[..., Awaitable[Any]]) -> None:
        self.do(self._interrupt(how))
        self.gone([row.id for row in self.do(Enrollment.filter(status="ENDED"))])

    async def _interrupt(self: Any, how: Callable[..., Awaitable[Any]]) -> None:
        row = await claim_launch(self.now)
        if row is None:
            return
        right, enrolled = background_enrolling._Enroller.chunk, -1

        async def once(job: Any) -> bool:
            nonlocal enrolled
            more: bool = await right(job)
            if enrolled < 0 and more:
                enrolled = (await Launch.get(id=row.id)).enrolled
                with suppress(Refusal):
                    await (how(self.context, row.id) if how is pause_launch else how(self.context, self.campaign))
            return more

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(background_enrolling._Enroller, "chunk", once)
            done = await run_launch(row, self.runtime.context, lambda: self.now)
        if enrolled >= 0:
            assert done.enrolled == enrolled, "enrolled after the launch was stopped"
            if how is pause_campaign:
                self.may_have_left = max(self.may_have_left, len(self.channel.left))
