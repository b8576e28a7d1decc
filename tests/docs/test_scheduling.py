"""docs/scheduling.md has every rule, and its examples are what the timeline computes."""

import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.models import Campaign, Sender, Task
from api.services.campaigns.campaigns import add_step
from api.services.common.lists.row_lists import Window
from api.services.tasks.task_reads import TaskFilter, tasks
from api.states import SendStatus, TaskDue
from api.store.dispatch.throttles import Allowance, ReachedLimit, allowance, start_windows, take_slots
from api.store.emails.emails import FOLDERS
from api.store.engine.transactions import transaction
from strategies import StepType
from strategies.timeline.records import TaskRecord, TimelineStep
from tests.services.world import make_world
from tests.strategies.timeline.test_timeline import at, call, email, resolve, same, shown, task

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "scheduling.md").read_text(encoding="utf-8")
RULE = re.compile(r"\bR(\d+[a-c]?)\b")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}Z")


def done(due: str, moment: str) -> TaskRecord:
    return TaskRecord(date.fromisoformat(f"2026-{due}"), utc(moment))


CALL_ON_DAY_2: list[TimelineStep] = [call(2), at(3, "10:00")]


@pytest.mark.parametrize(
    ("rule", "says", "steps", "given", "expected"),
    [
        ("R1", "day 3 is Wednesday, 4 March", [at(3, "09:30")], {}, ["03-04 08:30:00"]),
        (
            "R3",
            "day 6 is Monday, 9 March",
            [at(1, "09:30"), at(6, "09:30")],
            {"skip": True},
            ["03-02 08:30:00", "03-09 08:30:00"],
        ),
        (
            "R3",
            "becomes Monday, 9 March, 9:30",
            [at(1, "10:00")],
            {"skip": True, "send_at": utc("03-07T08:30")},
            ["03-09 08:30:00"],
        ),
        (
            "R4",
            "on 29 March 2026, 2:30 does not exist in Berlin, so the email is sent at 3:30",
            [at(28, "02:30")],
            {},
            ["03-29 01:30:00"],
        ),
        (
            "R4",
            "On 25 October 2026, 2:30 occurs twice, so the email is sent at the earlier one (UTC+02:00)",
            [at(238, "02:30")],
            {},
            ["10-25 00:30:00"],
        ),
        (
            "R5",
            "day 1 is 5 March and day 3 is 7 March",
            [email(1, "choose_at_launch"), at(3, "09:30")],
            {"send_at": utc("03-05T09:00")},
            ["03-05 09:00:00", "03-07 08:30:00"],
        ),
        (
            "R6",
            "sent at 7:30 on 3 March, which is day 1. Day 3 is 5 March",
            [at(1, "07:30"), at(3, "14:00")],
            {},
            ["03-03 06:30:00", "03-05 13:00:00"],
        ),
        (
            "R7",
            "sent on 4 March at 14:00",
            [at(1, "09:30"), at(3, "14:00")],
            {},
            ["03-02 08:30:00", "03-04 13:00:00"],
        ),
        (
            "R7",
            "it is sent at 15:30",
            [at(1, "09:30"), at(3, "14:00")],
            {"times": {2: time(15, 30)}},
            ["03-02 08:30:00", "03-04 14:30:00"],
        ),
        (
            "R8",
            "C is sent on day 3 at 9:30",
            [at(1, "09:30"), at(3, "14:00"), same(3)],
            {},
            ["03-02 08:30:00", "03-04 13:00:00", "03-04 08:30:00"],
        ),
        (
            "R9",
            "`same_time_as_previous` is sent at 10:12:40",
            [task(1), same(3), same(5)],
            {"happened": {1: done("03-02", "03-02T09:12:40")}},
            ["03-04 09:12:40", "03-06 09:12:40"],
        ),
        ("R10", "A task is due on 4 March", [task(3)], {}, ["task 03-04"]),
        (
            "R12",
            "The email of day 3 at 14:00 is sent at 17:00.",
            [call(3), at(3, "14:00"), same(5)],
            {"happened": {1: done("03-04", "03-04T16:00")}, "now": utc("03-04T16:00")},
            ["03-04 16:00:00", "03-06 13:00:00"],
        ),
        (
            "R13",
            "Launching schedules the email of day 1 and the call",
            [at(1, "09:30"), call(2), at(3, "10:00")],
            {},
            ["03-02 08:30:00", "task 03-03"],
        ),
        (
            "R14",
            "so the email of day 3 is sent on 7 March",
            CALL_ON_DAY_2,
            {"happened": {1: done("03-03", "03-06T09:00")}},
            ["03-07 09:00:00"],
        ),
        (
            "R14",
            "completed early or on its date moves nothing",
            CALL_ON_DAY_2,
            {"happened": {1: done("03-03", "03-02T09:00")}},
            ["03-04 09:00:00"],
        ),
        ("R15", "due on 5 March", [call(4)], {}, ["task 03-05"]),
    ],
)
def test_an_example_is_what_the_timeline_computes(
    rule: str, says: str, steps: list[TimelineStep], given: dict[str, Any], expected: list[str]
) -> None:
    assert shown(resolve(steps, **given)) == expected
    text = next(part for part in GUIDE.split("\n\n") if part.startswith(f"**{rule}."))
    assert says in text


def test_every_rule_is_there_in_order_with_an_example() -> None:
    rules = [part for part in GUIDE.split("\n\n") if part.startswith("**R")]
    numbers = [RULE.search(part)[1] for part in rules]  # type: ignore[index]
    assert numbers == [
        *map(str, range(1, 11)),
        *("10a", "10b", "10c"),
        *("11", "12", "12a", "13", "14", "15"),
        *("15a", "16", "16a", "16b", "16c"),
        *map(str, range(17, 24)),
    ]
    assert [part[:6] for part in rules if part.count("*Example:*") != 1] == []


def test_every_rule_that_the_code_names_is_explained() -> None:
    named = {
        (path.name, number)
        for folder in ("api", "plugins", "strategies", "docs")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".md"}
        for number in RULE.findall(path.read_text(encoding="utf-8"))
    }
    assert {(name, number) for name, number in named if f"**R{number}." not in GUIDE} == set()


def says(rule: str, sentence: str) -> bool:
    """Say whether the text of a rule contains a sentence."""
    return sentence in next(part for part in GUIDE.split("\n\n") if part.startswith(f"**{rule}."))


def test_the_folders_of_an_email() -> None:
    def folders(status: SendStatus, archived: bool) -> list[str]:
        return [name for name, (statuses, kept) in FOLDERS.items() if status in statuses and archived in kept]

    assert says("R21", "The email is in Scheduled")
    assert folders(SendStatus.DEFERRED, False) == ["PENDING", "SCHEDULED"]
    assert says("R21", "in one of these eight folders, and in the folder that contains it")
    assert {len(folders(status, archived)) for status in SendStatus for archived in (False, True)} == {2}
    assert len(FOLDERS) == 8 + 3


async def test_the_due_dates_of_tasks(database: str) -> None:
    world = await make_world(1)
    await add_step(world.context, (await Campaign.get()).id, day=3, step_type=StepType.CALL)
    now = utc("03-04T12:00")
    listed = {}
    for due in (date(2026, 3, 10), date(2026, 3, 11)):
        await Task.all().update(due_date=due)
        page = await tasks(replace(world.context, clock=lambda: now), TaskFilter(due=TaskDue.NEXT_SEVEN_DAYS))
        listed[due.day] = len((await page.page(Window(50)))[0])
    assert says("R22", "due on 10 March is in NEXT_SEVEN_DAYS. A task that is due on 11 March is not.")
    assert listed == {10: 1, 11: 0}


async def test_a_rate_limit(database: str) -> None:
    await make_world(1)
    await Sender.all().update(throttle_emails=25, throttle_seconds=45)
    (sender,) = await Sender.all().values()
    send_ids = [f"snd_{number}" for number in range(30)]
    async with transaction():
        assert len(await take_slots(sender, send_ids, utc("03-02T09:00"))) == 25
    await start_windows(send_ids, utc("03-02T09:00:01"))
    assert says("R23", "The next email is sent at 9:00:46.")
    reached = ReachedLimit(25, timedelta(seconds=45), utc("03-02T09:00:46"))
    assert await allowance(sender, utc("03-02T09:00:45")) == Allowance(0, reached)
    assert (await allowance(sender, utc("03-02T09:00:46"))).emails == 25
