"""The sandbox of the kit: a campaign from the first step to its last email, through the public API."""

import dataclasses
import threading
from contextlib import suppress
from datetime import UTC, date, datetime
from inspect import isfunction
from pathlib import Path

import pytest
from touchline.own_packages import own_packages
from touchline.partners import Outcome, Receipt
from touchline.sandbox import RecordingChannel, Sandbox, open_sandbox
from touchline.testing import KitHint

from api.testing.sandbox import SandboxStep
from strategies import Refusal


def test_the_guide_lists_every_method() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "plugins.md").read_text(encoding="utf-8")
    table = guide.partition("`sandbox` has:\n")[2].partition("\n\n`preview`")[0]
    methods = [name for name, each in vars(Sandbox).items() if isfunction(each) and not name.startswith("_")]
    assert [name for name in methods if f"`{name}(" not in table] == []
    fields = guide.partition("a list of `SandboxStep`:\n")[2].partition("\n\nA step appears")[0]
    assert [each.name for each in dataclasses.fields(SandboxStep) if f"| `{each.name}` |" not in fields] == []


def test_a_package_is_imported_in_the_thread_of_the_server() -> None:
    """The test's thread keeps the block open meanwhile: a test file that imports nothing of Touchline must not hang."""

    def imports() -> None:
        with own_packages():
            done.set()

    done = threading.Event()
    with own_packages():
        threading.Thread(target=imports, daemon=True).start()
        assert done.wait(60)


def test_a_campaign_in_a_sandbox(tmp_path: Path) -> None:
    channel = RecordingChannel()
    with open_sandbox(str(tmp_path), channel) as sandbox:
        steps = [sandbox.email(1, "at_time", at="09:30"), sandbox.email(3, "same_time_as_previous"), sandbox.call(4)]
        campaign = sandbox.campaign(steps, skipWeekends=True)
        people = [sandbox.person(email="ada@example.com"), sandbox.person(zone="Asia/Tokyo")]
        preview = sandbox.preview(campaign, people)
        launched = sandbox.launch(campaign, people)
        assert [(each.person, each.planned_at, each.due) for each in launched] == [
            (each.person, each.planned_at, each.due) for each in preview
        ]
        first, second, call = launched[:3]
        assert first.planned_at == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
        assert second.explanation[-1] == "It uses 9:30, the time of the email of day 1."
        assert (call.number, call.planned_at, call.due, call.status) == (3, None, date(2026, 3, 5), "OPEN")
        assert {each.status for each in preview} == {"PLANNED"}
        assert channel.emails == []

        sandbox.advance(hours=2)
        assert sorted(email.recipient for email in channel.emails) == ["ada@example.com", "person4@example.com"]
        assert sandbox.advance(datetime(2026, 3, 4, 9, tzinfo=UTC)) == datetime(2026, 3, 4, 9, tzinfo=UTC)
        assert [email.email.subject for email in channel.emails] == ["Day 1", "Day 1", "Day 3", "Day 3"]
        assert [each.status for each in sandbox.steps()[:3]] == ["SENT", "SENT", "OPEN"]

        channel.answer(Receipt(Outcome.DEFERRED, "BUSY", "The server is busy.", retry_after=3600), times=2)
        busy = sandbox.campaign([sandbox.email(1, "at_time", at="11:00")])
        sandbox.launch(busy, [sandbox.person(email="bea@example.com")])
        sandbox.advance(hours=2, minutes=30)
        assert (len(channel.emails), sandbox.steps()[-1].status) == (4, "DEFERRED")
        sandbox.advance(hours=2)
        assert (channel.emails[-1].recipient, sandbox.steps()[-1].status) == ("bea@example.com", "SENT")
        with pytest.warns(KitHint, match="never calls the channel 'outbox'"), suppress(Refusal):
            sandbox.sender(channel="outbox")

        with pytest.raises(Refusal, match="at 9 o'clock") as refused:
            sandbox.campaign([sandbox.email(1, "at_time", at="at 9 o'clock")])
        assert (refused.value.code, refused.value.path) == ("INVALID_CONFIG", ("config", "at"))
        with pytest.raises(Refusal, match="Cannot query field"):
            sandbox.ask("{ nonsense }")


def test_the_clock_moves_to_instants_with_a_zone(sandbox: Sandbox) -> None:
    assert sandbox.advance(to="2026-03-02T10:00:00+01:00") == datetime(2026, 3, 2, 9, tzinfo=UTC)
    with pytest.raises(ValueError, match="2026-03-03 09:00:00 has no time zone"):
        sandbox.advance(to=datetime(2026, 3, 3, 9))
    assert sandbox.now == datetime(2026, 3, 2, 9, tzinfo=UTC)
