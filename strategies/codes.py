"""The base class of all codes, and the codes of the scheduling rules.

A new code is one more member, with its sentences, when it is used, and what to do. ``Refusal.of`` raises a code as a
refusal. ``Code.message`` gives its sentence to every other use, such as the reason of a failed email.
"""

from collections.abc import Mapping
from enum import StrEnum, auto
from types import MappingProxyType
from typing import NamedTuple


class Message(NamedTuple):
    """A code for programs, and its sentence for people, with the values filled in."""

    code: str
    sentence: str


class Code(StrEnum):
    """A code for programs, with its sentences for people and its documentation in docs/errors.md.

    Sentences are format strings with named values, by case. The usual case is "". A code has no sentences if its
    sentence comes from elsewhere, such as from a template's parser.
    """

    sentences: Mapping[str, str]
    when: str
    do: str
    status: int
    """The HTTP status of the response, if the code always has the same; else 0."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:
        """Give `auto()` the member's name: StrEnum's own is in lower case."""
        return name

    def __new__(cls, value: str, sentences: Mapping[str, str], when: str, do: str, status: int) -> "Code":
        """Make a member that is its own name."""
        member = str.__new__(cls, value)
        member._value_, member.sentences, member.when, member.do = value, MappingProxyType(sentences), when, do
        member.status = status
        return member

    def message(self, case: str = "", /, **values: object) -> Message:
        """Return the code and the sentence of a case, with the values that it names."""
        return Message(self.value, self.sentences[case].format_map(values))


def code(
    usual: str = "", *, when: str, do: str, status: int = 0, **others: str
) -> tuple[auto, Mapping[str, str], str, str, int]:
    """Describe a member of a Code: its usual sentence, sentences of other cases, and its documentation."""
    return auto(), ({"": usual} if usual else {}) | others, when, do, status


class StrategyCode(Code):
    """Codes of the scheduling rules."""

    FOLLOW_UP_NOT_AVAILABLE = code(
        "A follow-up must come directly after another email step. Move the step, or set followUp to false.",
        when="The step directly before this one is not an email step.",
        do="Move the step, or set `followUp` to false.",
    )
    INVALID_DAY = code(
        "Days go from 1 to {limit}.",
        expiry="A task can expire after 0 to {limit} days.",
        step="Days go from 1 to {limit}; this step is on day {day}.",
        when="The day, or the number of days, is outside its limits. Steps can be on the days 1 to 365.",
        do="Choose a day inside the limits. The message has them.",
    )
    INVALID_ZONE = code(
        "{zone!r} is not a time zone of the tz database. Use a name like 'Europe/Berlin'.",
        when="The tz database has no time zone of this name.",
        do="Use a name such as Europe/Berlin.",
    )
    NO_EARLIER_EMAIL = code(
        ("The campaign has no email on an earlier day, so there is no time of day to use. Choose another send option."),
        when="There is no email on an earlier day, so there is no time of day to use.",
        do="Choose another send option.",
    )
    NO_STEPS = code(
        "This campaign has no steps yet. Add one before launching it.",
        when="The campaign has no steps.",
        do="Add a step.",
    )
    SEND_AT_IN_PAST = code(
        "The send time has already passed. Set sendNow, or choose a later sendAt.",
        or_now="This time has already passed. Leave it out to send the email now.",
        time="This time has already passed.",
        when="The send time has already passed.",
        do="Set `sendNow`, or choose a later time.",
    )
    SEND_AT_REQUIRED = code(
        "The first email of this campaign needs a send time: set sendAt or sendNow.",
        running="Some people were launched without a send time for this email. Choose a send option that needs none.",
        when="The first email of the campaign needs a send time.",
        do="Set `sendAt` or `sendNow`.",
    )
    SEND_OPTION_FAILED = code(
        "The send option {option!r} failed ({error}). This is a bug in its package; see the server log.",
        step=(
            "The send option {option!r} of step {step} failed ({error}). This is a bug in its package, {package}; see "
            "the server log."
        ),
        call=(
            "The send option {option!r} failed ({error}). This is a bug in its package, {package}; see the server log."
        ),
        limit="The send option {option!r} of the package {package} failed: {fault} This is a bug in the package.",
        undeclared=(
            "The send option {option!r} of step {step} reads facts that it does not declare. Its package must add "
            "Reads.{read} to `reads`."
        ),
        when=(
            "A send option of an installed package failed. Also why a background launch left people out, and why an "
            "edit was not applied to a person."
        ),
        do="Correct the package. The server's log has the traceback.",
    )
    SEND_OPTION_NOT_AVAILABLE = code(
        "The send option {option} is not available for this step.",
        at_launch="Only the first step of a campaign, on day 1, can get its send time at launch.",
        no_previous_email="The first step cannot use this option: it has no previous email.",
        not_email="Only email steps have a send option.",
        when="The send option is not available for this step. The message says why.",
        do="Query `sendOptions`.",
    )
    SEND_OPTION_PAUSED = code(
        "The send option {option!r} of the package {package} has failed too often, so the server does not ask it for a "
        "while. Try again later, or choose another send option.",
        when=(
            "A send option of an installed package failed too often, so the server does not ask it for a while. Also "
            "why a background launch left people out, and why an edit was not applied to a person."
        ),
        do="Wait, or choose another send option. `sendOptions { health }` says when the server asks it again.",
    )
    SEND_OPTION_REQUIRED = code(
        "An email step needs a send option. Set sendOption.",
        when="An email step needs a send option.",
        do="Query `sendOptions`.",
    )
    SEND_OPTION_UNKNOWN = code(
        "No send option {key!r} is installed. Installed: {known}.",
        when="No send option with this key is installed.",
        do="Install its package, or choose another send option. `plugins` says why a package was left out.",
    )
    STEP_NOT_FOUND = code(
        "This campaign has no step {number}.",
        when="The campaign has no step of this number.",
        do="Query the campaign's `steps`.",
    )
    TIME_NOT_ACCEPTED = code(
        "The send option of step {number} does not take a time. Leave the time out.",
        when="The step's send option does not take a new time.",
        do="Leave the time out.",
    )
