"""What a user sees of emails that wait: for a send option that fails, or for a time that it allows."""

import importlib.metadata
from collections.abc import Sequence
from datetime import datetime, time, timedelta

import pytest

from strategies import Availability, Position, Range, SendAt, SendOption, StepContext
from tests import story
from tests.client import Client
from tests.plugins.packages import FakeEntry, options

MOVE = "mutation($id: ID!, $day: Int!) { moveStep(id: $id, day: $day) { errors { code } } }"
RETRY = "mutation($id: ID!) { retrySendOptions(id: $id) { campaign { waitingPeople } errors { code path } } }"
LOOK = """query($id: ID!) { campaign(id: $id) { waitingPeople sendOptionProblems { code sentence values } }
  enrollments(first: 1) { nodes { waitsFromStep waitsForReason } }
  emails(first: 5) { nodes { status dueAt wait { kind reason until }
    allowedTimes { from until zone } } }
  events(first: 1) { nodes { kind sentence data } } }"""


class Hours(SendOption):
    """Nine o'clock, on each day from eight to ten."""

    key = "hours"
    labels = help = {"en": "In the morning"}
    fails = False

    def availability(self, position: Position) -> Availability:
        return Availability.offered()

    def resolve(self, step: StepContext) -> SendAt:
        if Hours.fails:
            raise ValueError("a partner's bug")
        return SendAt(step.date, time(9))

    def window(self, step: StepContext, send_at: datetime) -> Sequence[Range]:
        days = [step.date + timedelta(days=number) for number in range(3)]
        return [Range(step.calendar.instant(day, time(8)), step.calendar.instant(day, time(10))) for day in days]


@pytest.fixture(autouse=True)
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [FakeEntry("loft", options(Hours()), "loft")]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: entries if group == "touchline" else [])
    monkeypatch.setattr(Hours, "fails", False)


async def test_a_user_sees_who_waits_for_an_option_and_asks_it_again(client: Client) -> None:
    campaign = await story.campaign(client, await story.sender(client))
    email = {"type": "EMAIL", "templateId": await story.template(client)}
    await story.step(client, campaign, day=1, sendOption="at_time", config={"at": "20:00"}, **email)
    await story.step(client, campaign, day=2, sendOption="hours", **email)
    last = await story.step(client, campaign, day=5, sendOption="at_time", config={"at": "12:00"}, **email)
    person = await story.person(client)
    await client.do(story.LAUNCH, "enrollments", input={"campaignId": campaign, "personIds": [person]})
    found = await client.ask(LOOK, id=campaign)
    assert (found["campaign"], found["enrollments"]["nodes"]) == (
        {"waitingPeople": 0, "sendOptionProblems": []},
        [{"waitsFromStep": None, "waitsForReason": None}],
    )
    first, second, _ = found["emails"]["nodes"]
    assert (first["allowedTimes"], first["wait"], second["wait"]) == (None, None, None)
    assert second["allowedTimes"][:2] == [
        {"from": "2026-03-03T07:00:00Z", "until": "2026-03-03T09:00:00Z", "zone": "Europe/Berlin"},
        {"from": "2026-03-04T07:00:00Z", "until": "2026-03-04T09:00:00Z", "zone": "Europe/Berlin"},
    ]

    Hours.fails = True
    assert (await client.ask(MOVE, id=last, day=6))["moveStep"]["errors"] == []
    found = await client.ask(LOOK, id=campaign)
    assert found["campaign"]["waitingPeople"] == 1
    (problem,) = [each for each in found["campaign"]["sendOptionProblems"] if each["code"] == "PEOPLE_WAIT_FOR_OPTION"]
    assert problem["values"] == {"step": 2, "option": "hours", "people": 1, "reason": "SEND_OPTION_FAILED"}
    assert problem["sentence"].startswith("Step 2: the emails of 1 person from this step on wait, because the send opt")
    assert found["enrollments"]["nodes"] == [{"waitsFromStep": 2, "waitsForReason": "SEND_OPTION_FAILED"}]
    (event,) = found["events"]["nodes"]
    assert (event["kind"], event["data"]["option"]) == ("STEPS_NOT_PLANNED", "hours")
    wait = {"kind": "SEND_OPTION", "reason": "SEND_OPTION_FAILED", "until": None}
    assert [each["wait"] for each in found["emails"]["nodes"]] == [None, wait, wait]

    # Email 1 goes out; 2 is due, and waits until a rep asks again.
    await client.do(story.ADVANCE, "now", to="2026-03-03T12:00:00Z")
    found = await client.ask(LOOK, id=campaign)
    assert [each["status"] for each in found["emails"]["nodes"]] == ["SENT", "SCHEDULED", "SCHEDULED"]
    assert (await client.ask(RETRY, id=campaign))["retrySendOptions"]["campaign"] == {"waitingPeople": 1}
    Hours.fails = False
    assert (await client.ask(RETRY, id=campaign))["retrySendOptions"]["campaign"] == {"waitingPeople": 0}
    refused = (await client.ask(RETRY, id="cmp_01m8jka7gy003dxra8y4c295c3"))["retrySendOptions"]
    assert refused["errors"] == [{"code": "NOT_FOUND", "path": ["id"]}]

    # It is nine o'clock only tomorrow: the email waits for the next time that the option allows.
    await client.do(story.ADVANCE, "now", to="2026-03-03T13:00:00Z")
    found = await client.ask(LOOK, id=campaign)
    _, second, third = found["emails"]["nodes"]
    tomorrow = "2026-03-04T07:00:00Z"
    wait = {"kind": "ALLOWED_TIME", "reason": "OUTSIDE_ALLOWED_TIMES", "until": tomorrow}
    assert (second["dueAt"], second["wait"]) == (tomorrow, wait)
    assert third["dueAt"] == "2026-03-07T11:00:00Z"
    await client.do(story.ADVANCE, "now", to="2026-03-08T12:00:00Z")
    found = await client.ask(LOOK, id=campaign)
    assert [each["status"] for each in found["emails"]["nodes"]] == ["SENT"] * 3
    assert [each["allowedTimes"] for each in found["emails"]["nodes"]] == [None] * 3
