"""The health of packages' send options: the breaker, and what it tells the campaigns that use the option."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from api.codes.events.event_kinds import EventKind
from api.models import Campaign, Event
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.plugin_health.breaker import (
    COUNTING_PERIOD,
    FAULTS_BEFORE_PAUSE,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    PAUSES_FORGOTTEN_AFTER,
    TIME_OF_PROBE,
    Breaker,
)
from api.services.plugin_health.faults import fault_of_exception, fault_of_limit, two_answers
from api.services.plugin_health.health import PluginHealth, health_of_options
from api.services.plugin_health.recording import record_answer, record_faults, take_probe
from api.states import PluginState
from api.worker_processes.limits import DEFAULT_LIMITS, Limit
from plugins.loading.manager import Installed, load
from strategies.options.at_time import AtTime
from tests.services.campaigns.edited import content
from tests.services.world import make_world

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
SLOW = fault_of_limit(Limit.TIME, DEFAULT_LIMITS, "resolve()")
RAISED = fault_of_exception("ValueError", "resolve()")


class Lunch(AtTime):
    key = "lunch"


def installed() -> Installed:
    """Touchline's own options, and one of a package."""
    found = load({})
    found.send_options.register("lunch", Lunch(), "touchline-lunch")
    return found


def test_the_breaker_pauses_after_some_faults_and_each_time_longer() -> None:
    breaker = Breaker()
    for _ in range(FAULTS_BEFORE_PAUSE - 1):
        breaker = breaker.after_faults(1, NOW)
        assert (breaker.paused_until, breaker.state(NOW)) == (None, PluginState.FAILING)
    paused = breaker.after_faults(1, NOW)
    assert (paused.paused_until, paused.state(NOW)) == (NOW + FIRST_PAUSE, PluginState.PAUSED)
    assert breaker.after_faults(1, NOW + COUNTING_PERIOD).paused_until is None, "the first faults are too old"
    assert breaker.after_faults(0, NOW).paused_until is None, "an exception does not count"
    assert breaker.after_faults(1, NOW - timedelta(days=1)).faults == 1, "the clock was set back"
    pauses = []
    for _ in range(8):
        paused = paused.after_faults(1, NOW)
        assert paused.paused_until is not None
        pauses.append((paused.paused_until - NOW) / FIRST_PAUSE)
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]
    assert LONGEST_PAUSE == 60 * FIRST_PAUSE
    works = replace(paused, faults=0, counted_from=None, paused_until=None)  # as after an answer
    assert works.state(NOW) is PluginState.FAILING, "for an hour after its last fault"
    assert works.state(NOW + timedelta(hours=1)) is PluginState.OK
    again = works.after_faults(FAULTS_BEFORE_PAUSE, NOW + timedelta(minutes=1))
    assert again.paused_until == NOW + timedelta(minutes=1) + LONGEST_PAUSE, "a day without faults shortens it"
    later = NOW + PAUSES_FORGOTTEN_AFTER
    assert works.after_faults(FAULTS_BEFORE_PAUSE, later).paused_until == later + FIRST_PAUSE


async def test_health_and_events_of_an_option(database: str) -> None:
    world = await make_world(1)
    context, found = world.context, installed()
    first = (await Campaign.all().order_by("created_at", "id"))[0]
    object.__setattr__(context, "installed", found)
    made = await create_campaign(context, name="Lunch", sender_id=first.sender_id)
    await add_step(context, made.id, day=1, send_option="lunch", config={"at": "12:00"}, **await content())
    assert (await health_of_options(found, NOW))["lunch"] == PluginHealth("lunch", "touchline-lunch", PluginState.OK)

    for _ in range(2):
        await record_faults("lunch", "touchline-lunch", [SLOW, RAISED, two_answers()], NOW)
    health = await health_of_options(found, NOW)
    assert health["lunch"] == PluginHealth(
        "lunch", "touchline-lunch", PluginState.FAILING, "NOT_DETERMINISTIC", two_answers().sentence, NOW
    )
    assert {each.state for key, each in health.items() if key != "lunch"} == {PluginState.OK}

    await record_faults("lunch", "touchline-lunch", [SLOW, SLOW], NOW)
    until = NOW + FIRST_PAUSE
    health = await health_of_options(found, NOW)
    assert health["lunch"] == PluginHealth(
        "lunch", "touchline-lunch", PluginState.PAUSED, "TOO_MUCH_TIME", SLOW.sentence, NOW, until
    )
    assert not await take_probe("lunch", until - timedelta(seconds=1))
    assert await take_probe("lunch", until)
    assert not await take_probe("lunch", until), "one process asks"
    assert await take_probe("lunch", until + TIME_OF_PROBE), "the process that asked may have ended"
    assert await take_probe("lunch", until - timedelta(days=1)), "the clock was set back"
    await record_faults("lunch", "touchline-lunch", [SLOW], until)
    assert (await health_of_options(found, until))["lunch"].next_try_at == until + 2 * FIRST_PAUSE

    for _ in range(2):
        await record_answer("lunch", "touchline-lunch", until)
    assert (await health_of_options(found, until))["lunch"].state is PluginState.FAILING
    kinds = (EventKind.SEND_OPTION_PAUSED, EventKind.SEND_OPTION_RESUMED)
    events = await Event.filter(kind__in=kinds).order_by("position")
    shown = [(event.kind, event.campaign_id, event.at, event.data) for event in events]
    of = {"option": "lunch", "package": "touchline-lunch"}
    assert shown == [
        ("SEND_OPTION_PAUSED", made.id, NOW, {**of, "fault": "TOO_MUCH_TIME", "until": "2026-03-02T07:01:00Z"}),
        ("SEND_OPTION_RESUMED", made.id, until, of),
    ], "one event for each change of the breaker, only for campaigns that use the option"
