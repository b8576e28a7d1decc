"""The sentences of the explanation trace, by code and language; and how notes and warnings become sentences."""

from collections.abc import Iterable, Mapping

from strategies.contract import Note, Plural, SendOption, Text, WarningNote
from strategies.warning_sentences import WARNINGS

SENTENCES: Mapping[str, Mapping[str, Text]] = {
    "START": {
        "en": "Day 1 is {date} ({zone}).",
        "de": "Tag 1 ist der {date} ({zone}).",
    },
    "START_MOVED": {
        "en": "The start falls on a weekend, so day 1 is Monday, {date}.",
        "de": "Der Start fällt auf ein Wochenende, also ist Tag 1 Montag, der {date}.",
    },
    "SHIFTED": {
        "en": "The task of day {day} was done late, on {date}; what follows is counted from there.",
        "de": "Die Aufgabe von Tag {day} wurde verspätet am {date} erledigt; ab dort wird gezählt.",
    },
    "RESUMED": {
        "en": "The campaign was paused, so day {day} moved to {date}; what follows is counted from there.",
        "de": "Die Kampagne war angehalten, daher rückte Tag {day} auf den {date}; ab dort wird gezählt.",
    },
    "ADDED": {
        "en": "This step was added while the campaign was running.",
        "de": "Dieser Schritt wurde in der laufenden Kampagne hinzugefügt.",
    },
    "EDITED": {
        "en": "The campaign was edited: before, this email was planned for {time} on {date}.",
        "de": "Die Kampagne wurde bearbeitet: vorher war diese E-Mail für {time} am {date} geplant.",
    },
    "TASK_EDITED": {
        "en": "The campaign was edited: before, this task was due on {date}.",
        "de": "Die Kampagne wurde bearbeitet: vorher war diese Aufgabe am {date} fällig.",
    },
    "DAY": {
        "en": "Day {day} falls on {date}.",
        "de": "Tag {day} fällt auf den {date}.",
    },
    "DAY_WITHOUT_WEEKENDS": {
        "en": "Day {day}, weekends not counted, falls on {date}.",
        "de": "Tag {day}, ohne Wochenenden gezählt, fällt auf den {date}.",
    },
    "CHOSEN_AT_LAUNCH": {
        "en": "Launching chose this instant.",
        "de": "Dieser Zeitpunkt wurde beim Start gewählt.",
    },
    "TIME_FROM_LAUNCH": {
        "en": "Launching gave it a new time, {time}.",
        "de": "Beim Start wurde eine neue Zeit gewählt, {time}.",
    },
    "TIME_CONFIGURED": {
        "en": "The step is set to {time}.",
        "de": "Der Schritt ist auf {time} eingestellt.",
    },
    "TIME_HAS_PASSED": {
        "en": "That time had passed at launch, so day 1 is {date}.",
        "de": "Diese Zeit war beim Start vorbei, also ist Tag 1 der {date}.",
    },
    "AT_CAMPAIGN_START": {
        "en": "On day 1 it goes out at the start of the campaign.",
        "de": "An Tag 1 geht sie zu Beginn der Kampagne hinaus.",
    },
    "SAME_TIME_AS_EARLIER": {
        "en": "It takes over {time} from the email on an earlier day.",
        "de": "Sie übernimmt {time} von der E-Mail eines früheren Tages.",
    },
    "TASK_BY_HAND": {
        "en": "A person sends this email, from a task.",
        "de": "Eine Person sendet diese E-Mail aus einer Aufgabe.",
    },
    "HUMAN_WORK": {
        "en": "A {type} step is always a task.",
        "de": "Ein {type}-Schritt ist immer eine Aufgabe.",
    },
    "SENT_BY_HAND": {
        "en": "A person chose this time when sending the email of a task.",
        "de": "Eine Person wählte diese Zeit beim Senden der E-Mail einer Aufgabe.",
    },
    "RESCHEDULED": {
        "en": "A person gave it another time: {time} on {date}.",
        "de": "Eine Person hat eine andere Zeit gewählt: {time} am {date}.",
    },
    "RESCHEDULED_NOW": {
        "en": "A person decided at {time} on {date} that it goes out at once.",
        "de": "Eine Person hat um {time} am {date} entschieden, dass sie sofort hinausgeht.",
    },
    "CLOCKS_GO_FORWARD": {
        "en": "The clocks skip {time} on {date}, so it moves forward by the gap.",
        "de": "Die Uhren überspringen {time} am {date}, also rückt sie um die Lücke vor.",
    },
    "LATE": {
        "en": "{time} on {date} had already passed, so it goes out at once.",
        "de": "{time} am {date} war schon vorbei, also geht sie sofort hinaus.",
    },
}


class _Blank(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def sentence(note: Note | WarningNote, language: str = "en", options: Iterable[SendOption] = ()) -> str:
    """Return the sentence of a note or a warning: in English where the language is missing, else its bare code."""
    ours = WARNINGS if isinstance(note, WarningNote) else SENTENCES
    for sentences in (ours, *(option.sentences for option in options)):
        if note.code in sentences:
            by_language = sentences[note.code]
            text = by_language.get(language, by_language["en"])
            if isinstance(text, Plural):
                text = text.of(note.values)
            return text.format_map(_Blank(note.values))
    return note.code
