"""The example packages in a server: a launch does what its preview has shown, in each person's own time."""

import importlib.metadata
from pathlib import Path
from typing import Any

import pytest

from tests import story
from tests.client import new_client, serving
from tests.plugins.packages import FakeEntry
from tests.served import NOW

FOLDER = Path(__file__).parents[2] / "example_packages"
PREVIEW = """query($input: LaunchInput!) { launchPreview(input: $input) {
  errors { message } previews { person { email } planned { step sendAt explanation { sentence } } } } }"""
TOKYO, NEW_YORK, NOWHERE = "a@example.com", "b@example.com", "c@example.com"
STEPS = (
    (1, "recipient_time", {"at": "17:00"}),
    (3, "spread", {"from": "09:00", "until": "11:00"}),
    (5, "best_hour", {"from": 8, "until": 17}),
    (33, "sending_hours", {"country": "DE", "opens": "09:00", "closes": "17:00"}),
)


@pytest.fixture
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = []
    for _, name, _ in STEPS:
        file = FOLDER / name / f"touchline_{name}.py"
        contents: dict[str, Any] = {}
        exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), contents)
        entries.append(FakeEntry(f"touchline-{name}", contents, file.stem))
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: entries if group == "touchline" else [])


@pytest.mark.usefixtures("_installed")
async def test_a_launch_does_what_its_preview_has_shown(database_url: str) -> None:
    async with serving(database_url) as http:
        client = await new_client(http, NOW)
        campaign = await story.campaign(client, await story.sender(client))
        email = {"type": "EMAIL", "templateId": await story.template(client)}
        for day, option, config in STEPS:
            await story.step(client, campaign, day=day, sendOption=option, config=config, **email)
        zones = {TOKYO: "Asia/Tokyo", NEW_YORK: "America/New_York", NOWHERE: None}
        people = [await story.person(client, address, zone=zone) for address, zone in zones.items()]
        launch = {"campaignId": campaign, "personIds": people}
        answer = (await client.ask(PREVIEW, input=launch))["launchPreview"]
        assert answer["errors"] == []
        shown = {
            each["person"]["email"]: [planned["sendAt"] for planned in each["planned"]] for each in answer["previews"]
        }
        assert [times[0] for times in shown.values()] == [
            "2026-03-02T08:00:00Z", "2026-03-02T22:00:00Z", "2026-03-02T16:00:00Z",
        ], "17:00 in Tokyo, in New York, and in Berlin for the person without a zone"  # fmt: skip
        spread = [times[1] for times in shown.values()]
        assert len(set(spread)) == 3
        assert all("2026-03-04T08:00:00Z" <= at < "2026-03-04T10:00:00Z" for at in spread)
        assert {times[2] for times in shown.values()} == {"2026-03-06T07:00:00Z"}, "nothing was sent yet"
        assert {times[3] for times in shown.values()} == {"2026-04-07T07:00:00Z"}, "after Good Friday and Easter Monday"
        enrollments = await client.do(story.LAUNCH, "enrollments", input=launch)
        for each, times in zip(enrollments, shown.values(), strict=True):
            steps = (await story.progress(client, each["id"]))["progress"]
            assert [step["email"]["plannedAt"] for step in steps] == times
        lines = [line["sentence"] for line in answer["previews"][0]["planned"][0]["explanation"]]
        assert "It is sent at 17:00 in Asia/Tokyo, the recipient's time zone." in lines
