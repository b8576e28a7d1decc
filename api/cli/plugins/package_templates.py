"""The files of a new package. ``touchline plugins new`` fills in the names."""

from collections.abc import Mapping

from api.cli.plugins.channel_template import CHANNEL, CHANNEL_TEST

PROJECT = """\
[build-system]
requires = ["hatchling>=1.27,<2"]
build-backend = "hatchling.build"

[project]
name = "@DISTRIBUTION@"
version = "0.1.0"
description = "A @KIND@ for Touchline."
requires-python = ">=3.11"
dependencies = ["touchline"]

[project.optional-dependencies]
test = ["touchline[testing]", "pytest"]

[project.entry-points.touchline]
@KEY@ = "@MODULE@"

[tool.hatch.build.targets.wheel]
only-include = ["@MODULE@.py"]

[tool.pytest.ini_options]
filterwarnings = ["error::touchline.testing.KitHint"]  # delete it if a hint reports intended behavior

[tool.ruff]
line-length = 120

[tool.ruff.lint]
ignore = ["RUF012"]  # Touchline copies the declarations of a class and never changes them
"""
SEND_OPTION = '''\
"""A send option for Touchline: an hour of the step's day."""

from datetime import time

from touchline.partners import Availability, Note, SendAt, SendOption, hookimpl

touchline_contract = "1.0"


class @CLASS@(SendOption):
    """Sends an email at a full hour of its day."""

    key = "@KEY@"
    labels = {"en": "@LABEL@"}
    help = {"en": "Sent on its day at the hour that you choose."}
    config_schema = {
        "type": "object",
        "properties": {
            "hour": {
                "type": "integer",
                "minimum": 0,
                "maximum": 23,
                "title": "Hour",
                "description": "Hour of the day in the campaign's time zone, 0 to 23.",
            }
        },
        "required": ["hour"],
        "additionalProperties": False,
    }
    sentences = {"@CODE@_HOUR": {"en": "The hour is set to {time}."}}

    def availability(self, position):
        """Offer the option at every position."""
        return Availability.offered()

    def resolve(self, step):
        """Use the send time of the launch, else the hour of the step's day, or of the next one if it has passed."""
        if step.send_at is not None:
            day, wall, moved = step.calendar.start(step.send_at)
            return SendAt(day, wall, instant=None if moved else step.send_at)
        wall, day = time(step.config["hour"]), step.date
        while step.calendar.instant(day, wall) < step.start:
            day = step.calendar.forward(day, 1)
        return SendAt(day, wall, (Note("@CODE@_HOUR", {"time": wall.isoformat("minutes")}),))


@hookimpl
def touchline_register_send_options():
    """Register the option."""
    return [@CLASS@()]
'''
SEND_OPTION_TEST = '''\
"""The tests of the send option. docs/plugins.md, "Test your package", describes the kit."""

from datetime import UTC, datetime

from touchline.partners import load
from touchline.testing import assert_send_option

from @MODULE@ import @CLASS@


def test_it_keeps_the_contract():
    assert_send_option(@CLASS@(), configs=[{"hour": 9}, {"hour": 17}])


def test_touchline_loads_it():
    installed = load({})
    assert installed.broken == ()
    assert "@KEY@" in installed.send_options


def test_a_campaign(sandbox, recording_channel):
    campaign = sandbox.campaign([sandbox.email(1, "@KEY@", hour=9), sandbox.email(3, "@KEY@", hour=17)])
    person = sandbox.person(email="ada@example.com")
    planned = [step.planned_at for step in sandbox.launch(campaign, [person])]
    assert planned == [datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 4, 16, tzinfo=UTC)]
    sandbox.advance(days=3)
    assert [email.recipient for email in recording_channel.emails] == ["ada@example.com", "ada@example.com"]
    now = sandbox.now
    assert sandbox.launch(campaign, [sandbox.person()], sendNow=True)[0].planned_at == now
'''
TEMPLATES: Mapping[str, tuple[str, str]] = {
    "send-option": (SEND_OPTION, SEND_OPTION_TEST),
    "channel": (CHANNEL, CHANNEL_TEST),
}
"""By kind: the module and its test."""
