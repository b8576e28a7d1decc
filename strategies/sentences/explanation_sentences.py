"""The sentences of explanations, by code and language. docs/explanations.md lists the codes."""

from collections.abc import Mapping

from strategies.contract import ByValue, Text
from strategies.sentences.allowed_time_sentences import ALLOWED_TIME_SENTENCES
from strategies.sentences.chosen_time_sentences import CHOSEN_TIME_SENTENCES
from strategies.sentences.limit_sentences import LIMIT_SENTENCES

MOMENTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "COMPLETED": "the task of day {day} was completed",
        "SENT": "the email of day {day} was sent by hand",
        "SKIPPED": "the task of day {day} was skipped",
        "EXPIRED": "the task of day {day} expired",
    },
    "de": {
        "COMPLETED": "die Aufgabe von Tag {day} erledigt wurde",
        "SENT": "die E-Mail von Tag {day} von Hand gesendet wurde",
        "SKIPPED": "die Aufgabe von Tag {day} übersprungen wurde",
        "EXPIRED": "die Aufgabe von Tag {day} ablief",
    },
}
"""The event whose time an email takes over, by the value ``how``."""


def _at_the_moment(language: str, sentence: str, otherwise: str) -> ByValue:
    """Return a sentence that says what happened at ``{moment}``; ``otherwise`` where no task gave the time."""
    forms = {how: sentence.replace("{moment}", moment) for how, moment in MOMENTS[language].items()}
    return ByValue("how", forms, otherwise)


SENTENCES: Mapping[str, Mapping[str, Text]] = {
    "ZONE_OF_SENDER": {
        "en": "Days and times are in {zone}, the sender's time zone.",
        "de": "Tage und Zeiten gelten in {zone}, der Zeitzone des Absenders.",
    },
    "ZONE_OF_RECIPIENT": {
        "en": "Days and times are in {zone}, the recipient's time zone.",
        "de": "Tage und Zeiten gelten in {zone}, der Zeitzone des Empfängers.",
    },
    "ZONE_OF_SENDER_INSTEAD": {
        "en": "Days and times are in {zone}, the sender's time zone, because the recipient's is not known.",
        "de": "Tage und Zeiten gelten in {zone}, der Zeitzone des Absenders, denn die des Empfängers ist unbekannt.",
    },
    "ZONE": {
        "en": "Days and times are in {zone}.",
        "de": "Tage und Zeiten gelten in {zone}.",
    },
    "DAY_1": {
        "en": "Day 1 is {date}.",
        "de": "Tag 1 ist der {date}.",
    },
    "DAY_1_AFTER_WEEKEND": {
        "en": "The campaign starts on {from}, which is a weekend, so day 1 is Monday, {date}.",
        "de": "Die Kampagne beginnt am {from}. Das ist ein Wochenende, deshalb ist Tag 1 Montag, der {date}.",
    },
    "FIRST_TIME_PASSED": {
        "en": "The time of the first email had already passed at launch, so day {day} is {date}. Later days are counted"
        " from that date.",
        "de": "Die Zeit der ersten E-Mail war beim Start schon vorbei, also ist Tag {day} der {date}. Spätere Tage"
        " zählen ab diesem Datum.",
    },
    "FIRST_EMAIL": {
        "en": "The first email makes {date} day {day}. Later days are counted from that date.",
        "de": "Mit der ersten E-Mail ist Tag {day} der {date}. Spätere Tage zählen ab diesem Datum.",
    },
    "SHIFTED": {
        "en": ByValue(
            "how",
            {
                "SKIPPED": "The task of day {day} was skipped late, so day {day} is {date}. Later days are counted from"
                " that date.",
                "EXPIRED": "The task of day {day} expired, so day {day} is {date}. Later days are counted from that"
                " date.",
            },
            "The task of day {day} was completed late, so day {day} is {date}. Later days are counted from that date.",
        ),
        "de": ByValue(
            "how",
            {
                "SKIPPED": "Die Aufgabe von Tag {day} wurde verspätet übersprungen, also ist Tag {day} der {date}."
                " Spätere Tage zählen ab diesem Datum.",
                "EXPIRED": "Die Aufgabe von Tag {day} ist abgelaufen, also ist Tag {day} der {date}. Spätere Tage"
                " zählen ab diesem Datum.",
            },
            "Die Aufgabe von Tag {day} wurde verspätet erledigt, also ist Tag {day} der {date}. Spätere Tage zählen ab"
            " diesem Datum.",
        ),
    },
    "SHIFTED_TO_MONDAY": {
        "en": ByValue(
            "how",
            {
                "SKIPPED": "The task of day {day} was skipped late, on the weekend ({from}), so day {day} is Monday,"
                " {date}. Later days are counted from that date.",
                "EXPIRED": "The task of day {day} expired on the weekend ({from}), so day {day} is Monday, {date}."
                " Later days are counted from that date.",
            },
            "The task of day {day} was completed late, on the weekend ({from}), so day {day} is Monday, {date}. Later"
            " days are counted from that date.",
        ),
        "de": ByValue(
            "how",
            {
                "SKIPPED": "Die Aufgabe von Tag {day} wurde verspätet am Wochenende ({from}) übersprungen, also ist Tag"
                " {day} Montag, der {date}. Spätere Tage zählen ab diesem Datum.",
                "EXPIRED": "Die Aufgabe von Tag {day} ist am Wochenende ({from}) abgelaufen, also ist Tag {day} Montag,"
                " der {date}. Spätere Tage zählen ab diesem Datum.",
            },
            "Die Aufgabe von Tag {day} wurde verspätet am Wochenende ({from}) erledigt, also ist Tag {day} Montag, der"
            " {date}. Spätere Tage zählen ab diesem Datum.",
        ),
    },
    "RESUMED": {
        "en": "The campaign was paused, so day {day} moved to {date}. Later days are counted from that date.",
        "de": "Die Kampagne war pausiert, deshalb wurde Tag {day} auf den {date} verschoben. Spätere Tage zählen ab"
        " diesem Datum.",
    },
    "DAY": {
        "en": "Day {day} falls on {date}.",
        "de": "Tag {day} fällt auf den {date}.",
    },
    "DAY_WITHOUT_WEEKENDS": {
        "en": "Day {day}, weekends not counted, falls on {date}.",
        "de": "Tag {day}, ohne Wochenenden gezählt, fällt auf den {date}.",
    },
    "ADDED": {
        "en": "This step was added while the campaign was running.",
        "de": "Dieser Schritt wurde in der laufenden Kampagne hinzugefügt.",
    },
    "SEND_AT": {
        "en": "The launch chose {time} on {date}, so {date} is day {day}.",
        "de": "Beim Start wurde {time} am {date} gewählt, deshalb ist der {date} Tag {day}.",
    },
    "SEND_AT_ON_WEEKEND": {
        "en": "The launch chose {time} on {from}. That is a weekend, so day {day} is Monday, {date}. The time stays"
        " {time}.",
        "de": "Beim Start wurde {time} am {from} gewählt. Das ist ein Wochenende, deshalb ist Tag {day} Montag, der"
        " {date}. Die Uhrzeit bleibt {time}.",
    },
    "TIME_FROM_LAUNCH": {
        "en": "The launch set a new time: {time}.",
        "de": "Beim Start wurde eine neue Zeit gewählt, {time}.",
    },
    "TIME_CONFIGURED": {
        "en": "The step is set to {time}.",
        "de": "Der Schritt ist auf {time} eingestellt.",
    },
    "TIME_PASSED_AT_LAUNCH": {
        "en": "On {from} that time had already passed at launch, so day {day} is {date}.",
        "de": "Am {from} war diese Zeit beim Start schon vorbei, also ist Tag {day} der {date}.",
    },
    "TIME_KEPT": {
        "en": "Its time of day stays {time}.",
        "de": "Ihre Uhrzeit bleibt {time}.",
    },
    "AT_START": {
        "en": _at_the_moment(
            "en",
            "On day 1 it is sent at the start of the campaign, which is when {moment}: {time} on {date}.",
            "On day 1 it is sent at the start of the campaign: {time} on {date}.",
        ),
        "de": _at_the_moment(
            "de",
            "An Tag 1 wird sie zu Beginn der Kampagne gesendet, also in dem Moment, in dem {moment}: um {time} am"
            " {date}.",
            "An Tag 1 wird sie zu Beginn der Kampagne gesendet: um {time} am {date}.",
        ),
    },
    "AT_START_ON_WEEKEND": {
        "en": _at_the_moment(
            "en",
            "On day 1 it is sent at the start of the campaign, which is when {moment}: {time} on {from}. That is"
            " a weekend, so it moves to Monday, {date}.",
            "On day 1 it is sent at the start of the campaign: {time} on {from}. That is a weekend, so it moves"
            " to Monday, {date}.",
        ),
        "de": _at_the_moment(
            "de",
            "An Tag 1 wird sie zu Beginn der Kampagne gesendet, also in dem Moment, in dem {moment}: um {time} am"
            " {from}. Das ist ein Wochenende, deshalb wird sie auf Montag, den {date}, verschoben.",
            "An Tag 1 wird sie zu Beginn der Kampagne gesendet: um {time} am {from}. Das ist ein Wochenende, deshalb"
            " wird sie auf Montag, den {date}, verschoben.",
        ),
    },
    "SAME_TIME": {
        "en": _at_the_moment(
            "en",
            "It uses {time}, the time at which {moment}.",
            "It uses {time}, the time of the email of day {day}.",
        ),
        "de": _at_the_moment(
            "de",
            "Sie übernimmt {time}, die Uhrzeit, zu der {moment}.",
            "Sie übernimmt {time} von der E-Mail von Tag {day}.",
        ),
    },
    "OPTION_CHOSE": {
        "en": "The send option “{option}” chose {time} on {date}.",
        "de": "Die Versandoption „{option}“ hat {time} am {date} gewählt.",
    },
    "OPTION_CHOSE_DUE": {
        "en": "The send option “{option}” creates a task, due on {date}.",
        "de": "Die Versandoption „{option}“ erstellt eine Aufgabe, fällig am {date}.",
    },
    "TASK_BY_HAND": {
        "en": "A person sends this email, from a task.",
        "de": "Eine Person sendet diese E-Mail aus einer Aufgabe.",
    },
    "HUMAN_WORK": {
        "en": "A {type} step is always a task.",
        "de": "Ein {type}-Schritt ist immer eine Aufgabe.",
    },
    "CLOCKS_GO_FORWARD": {
        "en": "{time} does not exist on {date}, because the clocks go forward. The email is sent later by the length of"
        " the gap.",
        "de": "{time} gibt es am {date} nicht, weil die Uhren vorgestellt werden. Die E-Mail wird um die Dauer der"
        " Umstellung später gesendet.",
    },
    "CLOCKS_GO_BACK": {
        "en": ByValue(
            "which",
            {
                "SECOND": "{time} occurs twice on {date}, because the clocks go back. It is the second of the two"
                " (UTC{offset})."
            },
            "{time} occurs twice on {date}, because the clocks go back. It is the first of the two (UTC{offset}).",
        ),
        "de": ByValue(
            "which",
            {
                "SECOND": "{time} gibt es am {date} zweimal, weil die Uhren zurückgestellt werden. Es gilt das zweite"
                " Mal (UTC{offset})."
            },
            "{time} gibt es am {date} zweimal, weil die Uhren zurückgestellt werden. Es gilt das erste Mal"
            " (UTC{offset}).",
        ),
    },
    "LATE": {
        "en": "{time} on {date} had already passed, so it is sent immediately.",
        "de": "{time} am {date} war schon vorbei, deshalb wird sie sofort gesendet.",
    },
    "MOVED_AFTER_PAUSE": {
        "en": "The campaign was paused, so this email moved to {time} on {date}.",
        "de": "Die Kampagne war pausiert, deshalb wurde diese E-Mail auf {time} am {date} verschoben.",
    },
    "EDITED": {
        "en": "The campaign was edited: before, this email was planned for {time} on {date}.",
        "de": "Die Kampagne wurde bearbeitet: vorher war diese E-Mail für {time} am {date} geplant.",
    },
    "TASK_EDITED": {
        "en": "The campaign was edited: before, this task was due on {date}.",
        "de": "Die Kampagne wurde bearbeitet: vorher war diese Aufgabe am {date} fällig.",
    },
    "PERSON_CHANGED": {
        "en": "The person's data changed: before, this email was planned for {time} on {date}.",
        "de": "Die Daten der Person wurden geändert: vorher war diese E-Mail für {time} am {date} geplant.",
    },
    "TASK_PERSON_CHANGED": {
        "en": "The person's data changed: before, this task was due on {date}.",
        "de": "Die Daten der Person wurden geändert: vorher war diese Aufgabe am {date} fällig.",
    },
    **ALLOWED_TIME_SENTENCES,
    **CHOSEN_TIME_SENTENCES,
    **LIMIT_SENTENCES,
}

RETIRED_SENTENCES: Mapping[str, Mapping[str, Text]] = {
    "START": {
        "en": "Day 1 is {date} ({zone}).",
        "de": "Tag 1 ist der {date} ({zone}).",
    },
    "START_MOVED": {
        "en": "The start falls on a weekend, so day 1 is Monday, {date}.",
        "de": "Der Start fällt auf ein Wochenende, also ist Tag 1 Montag, der {date}.",
    },
    "CHOSEN_AT_LAUNCH": {
        "en": "This time was chosen at launch.",
        "de": "Dieser Zeitpunkt wurde beim Start gewählt.",
    },
    "TIME_HAS_PASSED": {
        "en": "That time had passed at launch, so day 1 is {date}.",
        "de": "Diese Zeit war beim Start vorbei, also ist Tag 1 der {date}.",
    },
    "AT_CAMPAIGN_START": {
        "en": "On day 1 it is sent at the start of the campaign.",
        "de": "An Tag 1 wird sie zu Beginn der Kampagne gesendet.",
    },
    "SAME_TIME_AS_EARLIER": {
        "en": "It uses {time}, the time of the email on an earlier day.",
        "de": "Sie übernimmt {time} von der E-Mail eines früheren Tages.",
    },
    "SENT_BY_HAND": {
        "en": "A person chose this time when sending the email of a task.",
        "de": "Eine Person wählte diese Zeit beim Senden der E-Mail einer Aufgabe.",
    },
}
"""Codes that Touchline does not write any more. Older emails and tasks still have them."""
