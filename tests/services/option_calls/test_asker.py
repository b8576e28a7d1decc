"""Send options of packages in worker processes: each evil harms its own people only, and is named."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.services.common.metrics import Metrics
from api.services.option_calls.answering import Answers
from api.services.option_calls.asker import HEALTH_KEPT_FOR, OptionAsker
from api.services.option_calls.isolation import isolated
from api.services.plugin_health.breaker import FAULTS_BEFORE_PAUSE, FIRST_PAUSE, TIME_OF_PROBE
from api.services.plugin_health.faults import fault_of_limit
from api.services.plugin_health.health import health_of_options
from api.services.plugin_health.recording import record_faults, take_probe
from api.states import PluginState
from api.worker_processes.limits import DEFAULT_LIMITS, Limit
from plugins.loading.manager import Installed, load
from strategies import Calendar, Position, Refusal, StepType
from strategies.questions import QuestionCollector, with_answers
from strategies.timeline.records import LaunchChoices, PlannedSend, TimelineStep
from strategies.timeline.timeline import Timeline, resolve_timeline
from tests.databases import on_sqlite
from tests.options_here import in_workers
from tests.plugins import evil

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[Installed]:
    with evil.installed(tmp_path):
        found = load({})
        assert found.broken == ()
        yield found


async def timelines(packages: Installed, option: str, people: int, first: str = "at_time") -> list[Timeline | Refusal]:
    """Resolve the timelines of some people, who differ in their zone, with an option as the second step."""
    steps = [
        TimelineStep(1, StepType.EMAIL, first, {"at": "08:30"} if first == "at_time" else {}),
        TimelineStep(2, StepType.EMAIL, option, {"at": "09:00"} if option == "at_time" else {}),
    ]

    async def work() -> list[Timeline | Refusal]:
        found: list[Timeline | Refusal] = []
        questions = QuestionCollector()
        for number in range(people):
            launch = LaunchChoices(NOW + timedelta(seconds=number), None, {})
            try:
                with questions:
                    calendar = Calendar("Europe/Berlin", False)
                    found.append(resolve_timeline(steps, calendar, launch, packages.send_options, {}, NOW))
            except Refusal as refusal:
                found.append(refusal)
        questions.raise_any()
        return found

    return await with_answers(work)


def times(found: list[Timeline | Refusal]) -> list[time | str]:
    """Return the wall time of the second email of each person, or the code of the refusal."""
    return [each.code if isinstance(each, Refusal) else _time(each) for each in found]


def _time(timeline: Timeline) -> time:
    email = timeline.planned[1]
    assert isinstance(email, PlannedSend)
    return email.time


@on_sqlite
@pytest.mark.usefixtures("database")
async def test_each_evil_is_named_and_paused(packages: Installed) -> None:
    clock = [NOW]
    metrics = Metrics()
    server = isolated(packages, lambda: clock[0], metrics)
    with in_workers():
        found = await timelines(server, "evil_ends_process", 5)
        assert times(found) == ["SEND_OPTION_FAILED"] * 3 + ["SEND_OPTION_PAUSED"] * 2
        assert isinstance(found[0], Refusal)
        assert "'evil_ends_process'" in found[0].message
        assert "touchline-evil" in found[0].message
        assert isinstance(found[4], Refusal)
        assert "'evil_ends_process' of the package touchline-evil has failed too often" in found[4].message
        assert times(await timelines(server, "evil_eats", 1)) == ["SEND_OPTION_FAILED"]
        assert times(await timelines(server, "evil_mutates", 3)) == [time(9)] * 3
        for option in ("exits", "interrupts", "recurses"):
            assert times(await timelines(server, f"evil_{option}", 2)) == ["SEND_OPTION_FAILED"] * 2
        assert times(await timelines(server, "evil_is_fickle", 2)) == [time(9), time(9, 2)], "the first answer counts"
        assert times(await timelines(server, "at_time", 1)) != []
    health = await health_of_options(server, NOW)
    shown = {key: (each.state.value, each.fault_code) for key, each in health.items() if "evil" in key}
    assert shown == {
        "evil_sleeps": ("OK", None),
        "evil_loops": ("OK", None),
        "evil_loops_in_c": ("OK", None),
        "evil_recurses": ("FAILING", "FAILED"),
        "evil_exits": ("FAILING", "FAILED"),
        "evil_interrupts": ("FAILING", "FAILED"),
        "evil_ends_process": ("PAUSED", "CRASHED"),
        "evil_crashes": ("OK", None),
        "evil_eats": ("FAILING", "TOO_MUCH_MEMORY"),
        "evil_leaves_threads": ("OK", None),
        "evil_idles": ("OK", None),
        "evil_starts_processes": ("OK", None),
        "evil_is_fickle": ("FAILING", "NOT_DETERMINISTIC"),
        "evil_mutates": ("OK", None),
    }
    assert health["evil_ends_process"].next_try_at == NOW + FIRST_PAUSE
    assert health["evil_exits"].fault_sentence == (
        "It raised SystemExit in resolve(), or returned what the contract does not allow."
    )


@on_sqlite
@pytest.mark.usefixtures("database")
async def test_an_option_that_leaves_threads_answers_for_everyone(packages: Installed) -> None:
    """Each of its calls leaves a thread that never ends. The worker is replaced before they use up its memory."""
    server = isolated(packages, lambda: NOW, Metrics())
    with in_workers():
        assert times(await timelines(server, "evil_idles", 40)) == [time(9)] * 40
    assert (await health_of_options(server, NOW))["evil_idles"].fault_code is None


@on_sqlite
@pytest.mark.usefixtures("database")
async def test_processes_that_an_option_leaves_end_before_there_are_many(packages: Installed) -> None:
    server = isolated(packages, lambda: NOW, Metrics())
    answered = []

    async def counted(self: OptionAsker, *given: Any) -> Answers:
        reply = await run(self, *given)
        answered.append(len(reply.answers))
        return reply

    with in_workers(), pytest.MonkeyPatch.context() as patch:
        run = OptionAsker.run
        patch.setattr(OptionAsker, "run", counted)
        assert times(await timelines(server, "evil_starts_processes", 60)) == [time(9)] * 60
    assert answered == [25, 25, 10]


@on_sqlite
@pytest.mark.usefixtures("database")
async def test_a_paused_option_is_asked_again_and_works_again(packages: Installed) -> None:
    clock = [NOW]
    server, other = (isolated(packages, lambda: clock[0], Metrics()) for _ in range(2))
    crashed = fault_of_limit(Limit.CRASH, DEFAULT_LIMITS, "resolve()")
    await record_faults("evil_mutates", "touchline-evil", [crashed] * FAULTS_BEFORE_PAUSE, NOW)
    assert times(await timelines(server, "evil_mutates", 2)) == ["SEND_OPTION_PAUSED"] * 2
    assert times(await timelines(server, "at_time", 1)) == [time(9)], "others are asked"
    clock[0] = NOW + FIRST_PAUSE
    assert await take_probe("evil_mutates", clock[0])
    assert times(await timelines(other, "evil_mutates", 1)) == ["SEND_OPTION_PAUSED"], "another process asks already"
    clock[0] += TIME_OF_PROBE
    assert times(await timelines(server, "evil_mutates", 3)) == [time(9)] * 3
    clock[0] += HEALTH_KEPT_FOR
    assert times(await timelines(other, "evil_mutates", 1)) == [time(9)]
    assert (await health_of_options(server, clock[0]))["evil_mutates"].state is PluginState.FAILING


@pytest.mark.parametrize("earlier", [timedelta(hours=3), timedelta(days=900)])
@on_sqlite
@pytest.mark.usefixtures("database")
async def test_an_option_that_a_wrong_clock_has_paused_is_asked_again(packages: Installed, earlier: timedelta) -> None:
    crashed = fault_of_limit(Limit.CRASH, DEFAULT_LIMITS, "resolve()")
    await record_faults("evil_mutates", "touchline-evil", [crashed] * FAULTS_BEFORE_PAUSE, NOW)
    server = isolated(packages, lambda: NOW - earlier, Metrics())
    assert times(await timelines(server, "evil_mutates", 2)) == [time(9)] * 2
    assert (await health_of_options(server, NOW))["evil_mutates"].next_try_at is None


async def test_what_asks_where_nothing_can_wait_is_refused(packages: Installed) -> None:
    server = isolated(packages, lambda: NOW, Metrics())
    option = server.send_options["evil_mutates"]
    offered = option.availability(Position(1, 1, None, False))
    assert (offered.available, offered.code) == (False, "SEND_OPTION_FAILED")
