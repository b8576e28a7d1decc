"""What a partner's send option says is shown in each language, with its values, and its rules about settings count."""

import importlib.metadata
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from strategies import (
    Availability,
    CampaignFacts,
    Note,
    Position,
    Range,
    Reads,
    Refusal,
    SendAt,
    SendOption,
    StepContext,
)
from tests import story
from tests.client import Client
from tests.graphql.filled import MUTATIONS
from tests.plugins.packages import FakeEntry, options

OFFERS = """query($campaign: ID!, $day: Int!) { sendOptions(campaignId: $campaign, day: $day) {
    key available reasonCode de: reason(language: "de") reason warningCode warning
    german: warning(language: "de") } }"""
UPDATE = MUTATIONS["updateCampaign"]
PREVIEW = """query($input: LaunchInput!) { launchPreview(input: $input) { errors { code message path } previews {
    warnings { code sentence(language: "de") values }
    planned { sendAt explanation(language: "de") { code sentence } } } } }"""


class Rain(SendOption):
    """Sends at nine where the recipient is, on dry days, and only if the campaign uses the recipient's zone."""

    key = "rain"
    labels = help = {"en": "Not in the rain"}
    reads = frozenset({Reads.RECIPIENT_ZONE})
    sentences = {
        "FORECAST": {"en": "Rain of {millimetres} mm.", "de": "Regen von {millimetres} mm."},
        "WET": {"en": "Step {step}: {days} wet days.", "de": "Schritt {step}: {days} nasse Tage."},
        "FLOOD": {"en": "Day {day} is under water.", "de": "Tag {day} steht unter Wasser."},
    }

    def availability(self, position: Position) -> Availability:
        if position.day > 5:
            return Availability.refused("It is flooded.", code="FLOOD", values={"day": position.day})
        return Availability.offered(warning_code="WET", values={"days": 3})

    def validate(self, config: Mapping[str, Any], campaign: CampaignFacts) -> None:
        if not campaign.use_recipient_zone:
            raise Refusal("ZONE_NEEDED", "Switch the recipient's zone on.")

    def resolve(self, step: StepContext) -> SendAt:
        note = Note("FORECAST", {"millimetres": 7})
        return SendAt(step.date, time(9), (note,), zone=step.recipient_zone, moves_day_one=False)

    def window(self, step: StepContext, send_at: datetime) -> Sequence[Range]:
        zone = step.calendar
        days = (zone.local(send_at).date() + timedelta(days=number) for number in range(1, 9))
        return [Range(zone.instant(day, time(10)), zone.instant(day, time(11))) for day in days]


class Snow(Rain):
    """Another package with a sentence of the same code."""

    key = "snow"
    reads = frozenset()
    sentences = {"FORECAST": {"en": "Snow.", "de": "Schnee."}}

    def availability(self, position: Position) -> Availability:
        return Availability.offered("Cold.", values={"days": 1})

    def validate(self, config: Mapping[str, Any]) -> None:  # type: ignore[override]
        """Take everything. It gets no settings, as in the packages that were written first."""

    def resolve(self, step: StepContext) -> SendAt:
        return SendAt(step.date, time(9), (Note("FORECAST"),))


@pytest.fixture(autouse=True)
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install both packages, the other one first."""
    entries = [FakeEntry("snow", options(Snow()), "snow"), FakeEntry("rain", options(Rain()), "rain")]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: entries if group == "touchline" else [])


async def test_what_a_partner_s_option_says(client: Client) -> None:
    sender = await story.sender(client)
    campaign = await story.campaign(client, sender, useRecipientZone=True)
    offers = {each["key"]: each for each in (await client.ask(OFFERS, campaign=campaign, day=1))["sendOptions"]}
    assert offers["rain"]["warningCode"] == "WET"
    assert (offers["rain"]["warning"], offers["rain"]["german"]) == ("Step 1: 3 wet days.", "Schritt 1: 3 nasse Tage.")
    assert (offers["snow"]["warning"], offers["snow"]["german"]) == ("Cold.", "Cold.")
    late = {each["key"]: each for each in (await client.ask(OFFERS, campaign=campaign, day=6))["sendOptions"]}
    assert late["rain"] == {
        "key": "rain", "available": False, "reasonCode": "FLOOD", "reason": "It is flooded.",
        "de": "Tag 6 steht unter Wasser.", "warningCode": None, "warning": None, "german": None,
    }  # fmt: skip
    email = {"type": "EMAIL", "templateId": await story.template(client)}
    await story.step(client, campaign, day=1, sendOption="rain", **email)
    await story.step(client, campaign, day=3, sendOption="same_time_as_previous", **email)
    await story.step(client, campaign, day=4, sendOption="snow", **email)
    person = await story.person(client, zone="America/New_York")
    launch = {"campaignId": campaign, "personIds": [person]}
    (shown,) = (await client.ask(PREVIEW, input=launch))["launchPreview"]["previews"]
    values = {"days": 3, "step": 1, "option": "rain", "warning": "Step 1: 3 wet days."}
    assert {"code": "WET", "sentence": "Schritt 1: 3 nasse Tage.", "values": values} in shown["warnings"]
    first, second, third = shown["planned"]
    assert "Regen von 7 mm." in [line["sentence"] for line in first["explanation"]]
    assert "Schnee." in [line["sentence"] for line in third["explanation"]]
    assert [line["code"] for line in first["explanation"]][-2:] == ["NEXT_ALLOWED_TIME", "DAY_STAYS"]
    # Monday's nine o'clock in New York is not allowed, and ten on Tuesday is. Day 3 is still Wednesday.
    assert first["sendAt"] == "2026-03-03T15:00:00Z"
    assert second["sendAt"] == "2026-03-04T15:00:00Z"

    # A sandbox keeps to the times too. The sender's limit lets one email an hour through.
    limit = {"throttle": {"emails": 1, "seconds": 7_200}}
    await client.do(MUTATIONS["updateSender"], "errors", id=sender, input=limit)
    launch["personIds"].append(await story.person(client, "grace@example.com", zone="America/New_York"))
    enrolled = await client.do(story.LAUNCH, "enrollments", input=launch)
    await client.do(story.ADVANCE, "dispatched", to="2026-03-08T00:00:00Z")
    sent = []
    for each in enrolled:
        first_step = (await story.progress(client, each["id"]))["progress"][0]
        sent.append(first_step["email"]["sentAt"])
    assert [text[10:] for text in sent] == ["T15:00:00Z"] * 2
    assert len(set(sent)) == 2

    # The option needs a setting: it cannot be taken away, and what was there before prevents no other change.
    refused = (await client.ask(UPDATE, id=campaign, input={"useRecipientZone": False}))["updateCampaign"]["errors"]
    assert [(each["code"], each["path"][-1], each["message"]) for each in refused] == [
        ("ZONE_NEEDED", "useRecipientZone", "Step 1: Switch the recipient's zone on.")
    ]
    assert (await client.ask(UPDATE, id=campaign, input={"name": "Wet"}))["updateCampaign"]["errors"] == []
    other = await story.campaign(client, await story.sender(client, email="other@example.com"))
    step = {"campaign": other, "input": {"day": 1, "sendOption": "rain", **email}}
    (error,) = (await client.ask(story.ADD_STEP, **step))["addStep"]["errors"]
    assert (error["code"], error["path"]) == ("ZONE_NEEDED", ["config"])


async def test_a_launch_asks_again(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = await story.campaign(client, await story.sender(client), useRecipientZone=True)
    email = {"type": "EMAIL", "templateId": await story.template(client)}
    await story.step(client, campaign, day=1, sendOption="rain", **email)
    launch = {"campaignId": campaign, "personIds": [await story.person(client)]}

    def stricter(*_: Any) -> None:
        raise Refusal("TOO_WET", "Nobody can be reached.")

    monkeypatch.setattr(Rain, "validate", stricter)
    for query, field in ((story.LAUNCH, "launch"), (PREVIEW, "launchPreview")):
        errors = (await client.ask(query, input=launch))[field]["errors"]
        assert [(each["code"], each["path"], each["message"]) for each in errors] == [
            ("TOO_WET", ["campaignId"], "Step 1: Nobody can be reached.")
        ]
    # A package that refuses or fails anyway prevents no other change.
    assert (await client.ask(UPDATE, id=campaign, input={"name": "Wet"}))["updateCampaign"]["errors"] == []
