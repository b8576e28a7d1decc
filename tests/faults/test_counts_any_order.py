"""The counts of reports after any order of events, crashes and rollbacks: they are what a count over the rows finds."""

import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from api.models import Enrollment, Person, Send
from api.services.campaigns.ending.ending import end_enrollment
from api.services.people.erasing import erase_person
from api.services.people.merging import merge_people
from api.services.people.suppressions import unsubscribe
from api.services.replies.bounces import record_bounce
from api.services.replies.replies import record_reply
from api.states import BounceKind
from api.store.engine.database import close_database
from api.store.engine.transactions import transaction
from api.store.reports.counting import differences
from api.store.reports.folding import fold
from strategies import Refusal
from tests.cases import how_many
from tests.faults.test_any_order import AnyOrderWithEdits


class CountsInAnyOrder(AnyOrderWithEdits):
    """The rules of AnyOrder, with merging and erasing. Only the counts are compared, after each rule."""

    def follow_ups_reply_to_what_was_sent(self) -> None:
        """Not compared here."""

    def nobody_gets_what_they_must_not_get(self) -> None:
        """Not compared here."""

    def nothing_leaves_while_paused(self) -> None:
        """Not compared here."""

    def the_feed_tells_the_state(self) -> None:
        """Not compared here."""

    @rule(data=st.data())
    def merges(self, data: st.DataObject) -> None:
        self._attempt(self._merge(data))

    @rule(data=st.data())
    def erases(self, data: st.DataObject) -> None:
        self._attempt(self._erase(data))

    @rule(data=st.data(), kind=st.sampled_from(BounceKind))
    def an_email_bounces(self, data: st.DataObject, kind: BounceKind) -> None:
        send = self.pick(data, self.do(Send.filter(status="SENT")))
        if send is not None:
            self._attempt(record_bounce(self.context, None, send_id=send.id, kind=kind))

    @rule(data=st.data())
    def an_email_is_answered(self, data: st.DataObject) -> None:
        send = self.pick(data, self.do(Send.filter(status__in=["SENT", "BOUNCED"])))
        if send is not None:
            self._attempt(record_reply(self.context, None, send_id=send.id))

    @rule(data=st.data(), how=st.sampled_from(["reply", "bounce", "end", "unsubscribe", "merge", "erase", "launch"]))
    def a_transaction_is_rolled_back(self, data: st.DataObject, how: str) -> None:
        enrollment = self.pick(data, self.do(Enrollment.all()))
        works: dict[str, Callable[[], Awaitable[Any]]] = {
            "reply": lambda: record_reply(self.context, enrollment.id),
            "bounce": lambda: record_bounce(self.context, enrollment.id),
            "end": lambda: end_enrollment(self.context, enrollment.id),
            "unsubscribe": lambda: unsubscribe(self.context, enrollment.person_id),
            "merge": lambda: self._merge(data),
            "erase": lambda: self._erase(data),
            "launch": lambda: self._launch(1),
        }
        if enrollment is not None:
            self._attempt(self._rolled_back(works[how]))

    @rule()
    def folds(self) -> None:
        self.do(fold())

    @invariant()
    def the_counts_are_those_of_the_rows(self) -> None:
        if hasattr(self, "campaign"):
            assert self.do(differences(3)) == []

    def teardown(self) -> None:
        try:
            if hasattr(self, "campaign"):
                self.do(fold())
                assert self.do(fold()) == 0
                assert self.do(differences(3)) == []
        finally:
            self.do(close_database())
            self.runner.close()
            self.patch.undo()
            shutil.rmtree(self.folder)

    def _attempt(self, work: Awaitable[Any]) -> None:
        with suppress(Refusal, InterruptedError):
            self.do(work)

    async def _merge(self, data: st.DataObject) -> None:
        source = await self._person(data)
        target = await self._person(data)
        await merge_people(self.context, source.id, target.id)

    async def _erase(self, data: st.DataObject) -> None:
        await erase_person(self.context, (await self._person(data)).id)

    async def _person(self, data: st.DataObject) -> Any:
        return self.pick(data, await Person.all())

    async def _rolled_back(self, work: Callable[[], Awaitable[Any]]) -> None:
        async with transaction():
            await work()
            raise InterruptedError


CountsInAnyOrder.TestCase.settings = settings(
    max_examples=how_many(2, 4), stateful_step_count=25, phases=[Phase.generate], deadline=None
)


@pytest.mark.filterwarnings("ignore")
class TestCountsInAnyOrder(CountsInAnyOrder.TestCase):  # type: ignore[misc, name-defined]
    """Run by hypothesis."""
