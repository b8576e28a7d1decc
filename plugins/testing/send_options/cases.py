"""Campaigns around the option under test, in all time zones and near changes of their clocks."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from strategies import Calendar, CampaignFacts, Facts, FieldValues, History, HourCounts, PersonFacts, StepType
from strategies.calendar import zone_info
from strategies.registry import SendOptions
from strategies.timeline.records import EmailRecord, LaunchChoices, StepRecord, TaskRecord, TimelineStep, ZoneOf
from strategies.timeline.resume_plan import shift
from strategies.timeline.timeline import Stop, Timeline, never, resolve_timeline

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

YEAR = 2026
FIRST_MOMENT = dt.datetime(YEAR - 1, 12, 20, tzinfo=dt.UTC)
DAYS = 1_100
"""Days in which the campaigns of the kit are launched: leap days and all changes of clocks are in them."""
SECONDS_OF_DAY = 86_400
PEOPLE = tuple(
    PersonFacts(f"per_{number:026}", f"person{number}@example.com", *names)
    for number, names in enumerate(
        [("Ada", "Lovelace", "Analyst", "Engine Ltd"), ("", "", "", ""), ("Bo", "Ek", "", "")]
    )
)
FIELDS = (FieldValues(), FieldValues({"industry": "retail", "country": "DE", "city": ""}))
HISTORIES = (
    History(),
    History(tuple(HourCounts(9, hour % 9, hour % 4, hour % 3) for hour in range(7 * 24)), FIRST_MOMENT),
)
CAMPAIGNS = (CampaignFacts("Spring"), CampaignFacts("Autumn", skip_weekends=True, use_recipient_zone=True))


@dataclass(frozen=True, slots=True)
class Form:
    """A campaign in which the option has a place: the steps before its own, and whether they have happened."""

    name: str
    before: tuple[StepType, ...]
    day: int
    """The day of the option's step."""

    @property
    def number(self) -> int:
        """The number of the option's step."""
        return len(self.before) + 1


FORMS = (
    Form("first step on day 1", (), 1),
    Form("first step on day 3", (), 3),
    Form("after an email on the same day", (StepType.EMAIL,), 1),
    Form("after an email", (StepType.EMAIL,), 4),
    Form("after a call on the same day", (StepType.CALL,), 1),
    Form("after a call", (StepType.CALL,), 3),
    Form("after an email and a call", (StepType.EMAIL, StepType.CALL), 8),
)


@dataclass(frozen=True, slots=True)
class Case:
    """One person's way through a campaign, up to the option's step."""

    form: Form
    config: Mapping[str, Any]
    calendar: Calendar
    launched: dt.datetime
    facts: Facts
    send_at: dt.datetime | None = None
    time: dt.time | None = None
    late_days: int = 0
    """Days after its date on which the call before the step was made."""

    def steps(self, key: str) -> list[TimelineStep]:
        """Return the steps, with the option under its key."""
        before = [
            TimelineStep(1, each, "at_time" if each is StepType.EMAIL else None, {"at": "09:30"})
            for each in self.form.before
        ]
        return [*before, TimelineStep(self.form.day, StepType.EMAIL, key, self.config)]

    @property
    def history(self) -> dict[int, StepRecord]:
        """What has happened before the option's step."""
        found: dict[int, StepRecord] = {}
        date = self.calendar.working(self.calendar.local(self.launched).date())
        for number, each in enumerate(self.form.before, 1):
            if each is StepType.EMAIL:
                date = self.calendar.forward(date, 1)
                wall = dt.time(9, 30)
                found[number] = EmailRecord(date, wall, self.calendar.instant(date, wall))
            else:
                done = self.calendar.instant(self.calendar.forward(date, self.late_days), dt.time(14, 3, 22))
                found[number] = TaskRecord(date, max(done, self.launched), "COMPLETED")
        return found

    @property
    def now(self) -> dt.datetime:
        """The moment at which the step is resolved: the launch, or the end of the call before it."""
        done = [each.at for each in self.history.values() if isinstance(each, TaskRecord)]
        return max([self.launched, *done])

    def timeline(
        self,
        key: str,
        options: SendOptions,
        now: dt.datetime | None = None,
        resumes: Mapping[int, dt.date] | None = None,
        stop: Stop = never,
    ) -> Timeline:
        """Resolve it as the server does. Raises Refusal."""
        number = self.form.number
        times = {} if self.time is None else {number: self.time}
        whose = ZoneOf.RECIPIENT if self.facts.recipient_zone == self.calendar.zone else ZoneOf.SENDER
        launch = LaunchChoices(self.launched, self.send_at, times, whose)
        return resolve_timeline(
            self.steps(key),
            self.calendar,
            launch,
            options,
            self.history,
            now or self.now,
            resumes or {},
            stop=stop,
            facts=self.facts,
        )

    def resumed(self, key: str, options: SendOptions, now: dt.datetime) -> Timeline:
        """Pause it, and resume it at ``now``, when its email is overdue. Raises Refusal."""

        def resolve(resumes: Mapping[int, dt.date], stop: Stop) -> Timeline:
            return self.timeline(key, options, now, resumes, stop)

        moved = shift(resolve, {}, [self.form.number], [], self.calendar, now)
        return self.timeline(key, options, now, moved.resumed)

    def __str__(self) -> str:
        """Describe it in a message."""
        zone = f"{self.calendar.zone}{', Skip Weekends' if self.calendar.skip_weekends else ''}"
        return f"{self.form.name}, config {dict(self.config)!r:.80}, {self.launched:%Y-%m-%d %H:%M}Z, {zone}"


@lru_cache(maxsize=1024)
def clock_changes(name: str) -> tuple[dt.datetime, ...]:
    """Return the instants (UTC) at which the clocks of a zone change in one year."""
    zone = zone_info(name)
    start = dt.datetime(YEAR, 1, 1, tzinfo=dt.UTC)
    days = [start + dt.timedelta(days=day) for day in range(0, 370, 6)]
    offsets = [day.astimezone(zone).utcoffset() for day in days]
    return tuple(
        _change(days[index], days[index + 1], zone)
        for index in range(len(days) - 1)
        if offsets[index] != offsets[index + 1]
    )


def _change(before: dt.datetime, after: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    offset = before.astimezone(zone).utcoffset()
    while after - before > dt.timedelta(minutes=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def zone_cases(
    zones: Sequence[str], forms: Sequence[Form], configs: Sequence[Mapping[str, Any]], *, asks_send_at: bool
) -> Iterator[Case]:
    """Return a case for each time zone, and one for each change of its clocks: its step is on that date."""
    for index, name in enumerate(zones):
        for number, change in enumerate((dt.datetime(YEAR, 6, 1, 7, tzinfo=dt.UTC), *clock_changes(name))):
            form = forms[(index + number) % len(forms)]
            launched = change - dt.timedelta(days=form.day - 1, hours=3)
            facts = Facts(PEOPLE[index % 3], name, FIELDS[index % 2], HISTORIES[index % 2], CAMPAIGNS[index % 2])
            config = configs[index % len(configs)]
            case = Case(form, config, Calendar(name, index % 2 == 1), launched, facts)
            send_at = change if asks_send_at and form.number == 1 else None
            yield replace(case, send_at=send_at)


def any_case(
    zone_choice: Sequence[str],
    forms: Sequence[Form],
    configs: "SearchStrategy[Mapping[str, Any]]",
    *,
    asks_send_at: bool,
    takes_time: bool,
) -> "SearchStrategy[Case]":
    """Return a hypothesis strategy for cases in these zones."""
    from hypothesis import strategies as st

    zones = st.sampled_from(zone_choice)
    walls = st.integers(0, SECONDS_OF_DAY - 1).map(lambda second: (FIRST_MOMENT + dt.timedelta(seconds=second)).time())
    facts = st.builds(
        Facts,
        person=st.sampled_from(PEOPLE),
        recipient_zone=st.none() | zones,
        fields=st.sampled_from(FIELDS),
        history=st.sampled_from(HISTORIES),
        campaign=st.sampled_from(CAMPAIGNS),
    )

    @st.composite
    def cases(draw: st.DrawFn) -> Case:
        form = draw(st.sampled_from(forms))
        launched = FIRST_MOMENT + dt.timedelta(seconds=draw(st.integers(0, DAYS * SECONDS_OF_DAY)))
        later = st.integers(0, 40 * SECONDS_OF_DAY).map(lambda seconds: launched + dt.timedelta(seconds=seconds))
        chosen = later if asks_send_at else st.none() | later
        return Case(
            form,
            draw(configs),
            Calendar(draw(zones), draw(st.booleans())),
            launched,
            draw(facts),
            draw(chosen) if form.number == 1 and (asks_send_at or takes_time) else None,
            draw(st.none() | walls) if takes_time else None,
            draw(st.integers(0, 5)),
        )

    return cases()
