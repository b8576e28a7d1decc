"""The form of all codes, and the codes of the rules that decide when a step goes out.

A new refusal is one more member: its sentences, when it comes, and what to do. ``Refusal.of`` raises it.
"""

from collections.abc import Mapping
from enum import StrEnum, auto
from types import MappingProxyType


class Code(StrEnum):
    """A code for programs, with its sentences for people and its documentation in docs/errors.md.

    Sentences are formats with named values, by case; the usual one has the case "". A code without sentences is
    raised by something that has a sentence of its own, such as a mail server.
    """

    sentences: Mapping[str, str]
    when: str
    do: str

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:
        """Give `auto()` the member's name: StrEnum's own is in lower case."""
        return name

    def __new__(cls, value: str, sentences: Mapping[str, str], when: str, do: str) -> "Code":
        """Make a member that is its own name."""
        member = str.__new__(cls, value)
        member._value_, member.sentences, member.when, member.do = value, MappingProxyType(sentences), when, do
        return member


def code(usual: str = "", *, when: str, do: str, **others: str) -> tuple[auto, Mapping[str, str], str, str]:
    """Describe a member of a Code: its usual sentence, sentences of other cases, and its documentation."""
    return auto(), ({"": usual} if usual else {}) | others, when, do


class StrategyCode(Code):
    """Codes of the rules that decide when a step goes out."""

    FOLLOW_UP_NOT_AVAILABLE = code(
        "A follow-up is only possible directly after another email step.",
        when="The directly preceding step is no email.",
        do="Move the step, or leave followUp off.",
    )
    INVALID_DAY = code(
        "Days go from 1 to {limit}.",
        expiry="A task can expire after 0 to {limit} days.",
        step="Days go from 1 to {limit}; this step is on day {day}.",
        when="Days are counted from 1 to 365.",
        do="Give another.",
    )
    INVALID_ZONE = code(
        "{zone!r} is not a time zone of the tz database. Use a name like 'Europe/Berlin'.",
        when="This is no zone of the tz database.",
        do="Such as Europe/Berlin.",
    )
    NO_EARLIER_EMAIL = code(
        "{problem}",
        when="No email stands on an earlier day, so there is no time to take over.",
        do="Choose another send option.",
    )
    NO_STEPS = code(
        "This campaign has no steps yet. Add one before launching it.",
        when="The campaign has no steps.",
        do="Add one.",
    )
    SEND_AT_IN_PAST = code(
        "The send-at has already passed. Give NOW or a later time.",
        or_now="This time has already passed. Leave it out to send the email now.",
        time="This time has already passed.",
        when="The instant has passed.",
        do="Give sendNow or a later one.",
    )
    SEND_AT_REQUIRED = code(
        "The first email of this campaign needs a send time: give sendAt, or sendNow.",
        running="People who wait for this email were launched without a send-at. Choose a send option that needs none.",
        when="The first email asks when it is to be sent.",
        do="Give sendNow or sendAt.",
    )
    SEND_OPTION_FAILED = code(
        "{problem}",
        when=(
            "A partner's send option broke when a step was resolved (also why a launch in the background left people "
            "out, and why an edit was not applied to someone)."
        ),
        do="Mend its package; the server's log has the traceback.",
    )
    SEND_OPTION_NOT_AVAILABLE = code(
        "Only email steps have a send option.",
        when="The send option is not offered there; the message says why.",
        do="Ask `sendOptions`.",
    )
    SEND_OPTION_REQUIRED = code(
        "An email step needs a send option.",
        when="An email step needs a send option.",
        do="Ask `sendOptions`.",
    )
    SEND_OPTION_UNKNOWN = code(
        "No send option {key!r} is installed. Installed: {known}.",
        when="No such send option is installed.",
        do="Install its package, or choose another.",
    )
    STEP_NOT_FOUND = code(
        "This campaign has no step {number}.",
        when="The campaign has no step of this number.",
        do="Ask its `steps`.",
    )
    TIME_NOT_ACCEPTED = code(
        "The send option of step {number} does not take a time.",
        when="The step's send option takes no new time.",
        do="Leave it out.",
    )
