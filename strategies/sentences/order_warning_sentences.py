"""The sentences of warnings about emails that are sent in another order than their steps."""

from strategies.contract import Plural
from strategies.sentences.warning_members import warning

OUT_OF_ORDER = warning(
    en=Plural(
        "people",
        "Step {step} is sent before step {earlierStep} for {people} person: at {time}, and step {earlierStep} at"
        " {earlierTime} ({zone}).",
        "Step {step} is sent before step {earlierStep} for {people} people: for example at {time}, and step"
        " {earlierStep} at {earlierTime} ({zone}).",
        "Step {step} (day {day}, {time}) is sent before step {earlierStep} (day {earlierDay}, {earlierTime}).",
    ),
    de=Plural(
        "people",
        "Schritt {step} wird bei {people} Person vor Schritt {earlierStep} gesendet: am {time}, und Schritt"
        " {earlierStep} am {earlierTime} ({zone}).",
        "Schritt {step} wird bei {people} Personen vor Schritt {earlierStep} gesendet: zum Beispiel am {time}, und"
        " Schritt {earlierStep} am {earlierTime} ({zone}).",
        "Schritt {step} (Tag {day}, {time}) wird vor Schritt {earlierStep} (Tag {earlierDay}, {earlierTime}) gesendet.",
    ),
    when=(
        "The email of a step is sent before the email of an earlier step. When a step is saved, this is true for "
        "every launch, and the times are times of day. In a preview, it is true for some people. The times are "
        "then local times in `zone`, for the person with the earliest time."
    ),
    values=(
        "always `step`, `earlierStep`, `time`, `earlierTime`; when a step is saved also `day`, `earlierDay`; in a "
        "preview also `people` (how many), `at`, `earlierAt` (instants), `zone`"
    ),
)
OUT_OF_ORDER_AFTER_TASK = warning(
    en="Step {step} (day {day}, {time}) is sent before step {earlierStep} (day {earlierDay}, {earlierTime}) if"
    " the task of step {taskStep} is completed before then.",
    de="Schritt {step} (Tag {day}, {time}) wird vor Schritt {earlierStep} (Tag {earlierDay}, {earlierTime})"
    " gesendet, falls die Aufgabe von Schritt {taskStep} vorher erledigt wird.",
    when="The same, with a task between the two steps. The order depends on when the task is completed.",
    values=(
        "`step`, `day`, `time`, `earlierStep`, `earlierDay`, `earlierTime`, `taskStep` (the last task between them)"
    ),
)
FOLLOW_UP_WAITS = warning(
    en=Plural(
        "people",
        "Step {step} follows up on step {earlierStep} and waits for it for {people} person: it is set to {time},"
        " and step {earlierStep} to {earlierTime} ({zone}).",
        "Step {step} follows up on step {earlierStep} and waits for it for {people} people: for example it is set"
        " to {time}, and step {earlierStep} to {earlierTime} ({zone}).",
        "Step {step} follows up on step {earlierStep} and waits for it: it is set to {time} on day {day}, and step"
        " {earlierStep} to {earlierTime} on day {earlierDay}.",
    ),
    de=Plural(
        "people",
        "Schritt {step} antwortet auf Schritt {earlierStep} und wartet bei {people} Person auf ihn: Er ist für"
        " {time} geplant, und Schritt {earlierStep} für {earlierTime} ({zone}).",
        "Schritt {step} antwortet auf Schritt {earlierStep} und wartet bei {people} Personen auf ihn: Er ist zum"
        " Beispiel für {time} geplant, und Schritt {earlierStep} für {earlierTime} ({zone}).",
        "Schritt {step} antwortet auf Schritt {earlierStep} und wartet auf ihn: Er ist für {time} an Tag {day}"
        " geplant, und Schritt {earlierStep} für {earlierTime} an Tag {earlierDay}.",
    ),
    when=(
        "A follow-up is set to an earlier time than the email that it follows. It waits for that email and is "
        "sent directly after it."
    ),
    values=(
        "as `OUT_OF_ORDER`: `step`, `earlierStep`, `time`, `earlierTime`, `day`, `earlierDay`, `people`, `at`, "
        "`earlierAt`, `zone`"
    ),
)
