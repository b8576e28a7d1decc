"""A launch asks the options of packages about the next people while it inserts the ones before them."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import pytest

from api.models import Launch, Person
from api.services.common.metrics import Metrics
from api.services.launches.background import background_enrolling
from api.services.launches.background.background_launch import start_launch
from api.services.launches.launch import Choice, launch
from api.services.option_calls.answering import Answers
from api.services.option_calls.asker import OptionAsker
from api.services.option_calls.isolation import isolated
from api.services.people.people import update_person
from api.services.workspaces.workspaces import create_workspace
from api.store.people.people import lock_present
from strategies.questions import Question
from tests.databases import on_sqlite
from tests.services.enrollments.facts.facts_world import NOW, author, jobs_done, people, reading_runtime, times

FOUND_AHEAD = "cannot ask the send options of the launch"


@on_sqlite
@pytest.mark.usefixtures("database")
async def test_people_get_their_own_times_and_are_asked_about_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = reading_runtime()
    runtime = replace(runtime, installed=isolated(runtime.installed, lambda: NOW, Metrics()))
    context = runtime.context(await create_workspace("Acme", NOW))
    everyone = [*await people(context)]
    for number in range(3, 7):
        row = await Person.get(id=everyone[number % 3].id)
        row.id, row.email, row.email_key = f"per_{number}", f"p{number}@example.com", f"p{number}@example.com"
        await Person.bulk_create([row])
        everyone.append(row)
    small = await author(context)
    await launch(context, small.id, [person.id for person in everyone], Choice("NOW"), {})

    expected = await times(small.id)

    asked: list[int] = []
    answer, moved = OptionAsker.run, everyone[2]

    async def counting(
        self: OptionAsker, packages: tuple[str, ...], questions: Sequence[Question], paused: Collection[str]
    ) -> Answers:
        asked.append(len(questions))
        return await answer(self, packages, questions, paused)

    async def and_moves(ids: Sequence[str]) -> Any:
        if moved.id in ids:  # the person changes after the options were asked
            await update_person(context, moved.id, email=moved.email, fields={"hour": "15"})
        return await lock_present(ids)

    monkeypatch.setattr(OptionAsker, "run", counting)
    monkeypatch.setattr(background_enrolling, "PEOPLE_PER_CHUNK", 2)
    monkeypatch.setattr(background_enrolling, "lock_present", and_moves)
    large = await author(context)
    asked.clear()
    started = await start_launch(context, large.id, None, Choice("NOW"))
    warned = len(asked)
    await jobs_done(runtime)
    assert (await Launch.get(id=started.id)).enrolled == len(everyone)
    assert asked[warned : warned + 4] == [2, 2, 2, 1]
    found = await times(large.id)
    assert {each: found[each] for each in found if each != moved.id} == {
        each: expected[each] for each in expected if each != moved.id
    }
    assert [found[moved.id][3][3:], expected[moved.id][3][3:]] == ["14:00", "07:00"]
    assert len({each[2] for each in found.values()}) > 3  # each person has a minute
    assert FOUND_AHEAD not in caplog.text


@on_sqlite
@pytest.mark.usefixtures("database")
async def test_a_launch_goes_on_if_it_cannot_ask_ahead(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = reading_runtime()
    runtime = replace(runtime, installed=isolated(runtime.installed, lambda: NOW, Metrics()))
    context = runtime.context(await create_workspace("Acme", NOW))
    everyone = await people(context)
    campaign = await author(context)
    started = await start_launch(context, campaign.id, None, Choice("NOW"))

    async def fails(*_: object) -> None:
        raise OSError("no connection")

    monkeypatch.setattr("api.services.launches.background.asking_ahead.with_answers", fails)
    await jobs_done(runtime)
    assert (await Launch.get(id=started.id)).enrolled == len(everyone)
    assert FOUND_AHEAD in caplog.text
