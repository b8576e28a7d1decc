"""The sentences of explanations about a time that a person chose for an email, by code and language."""

from collections.abc import Mapping

from strategies.contract import Text

CHOSEN_TIME_SENTENCES: Mapping[str, Mapping[str, Text]] = {
    "BY_HAND": {
        "en": "A person chose {time} on {date} when sending the email of a task.",
        "de": "Eine Person wählte {time} am {date} beim Senden der E-Mail einer Aufgabe.",
    },
    "BY_HAND_IN_ZONE": {
        "en": "A person chose {chosenTime} on {chosenDate} in {chosenZone} when sending the email of a task. In this"
        " email's time zone that is {time} on {date}.",
        "de": "Eine Person wählte beim Senden der E-Mail einer Aufgabe {chosenTime} am {chosenDate} in {chosenZone}."
        " In der Zeitzone dieser E-Mail ist das {time} am {date}.",
    },
    "CHOSEN": {
        "en": "A person chose {time} on {date} for this email.",
        "de": "Eine Person wählte {time} am {date} für diese E-Mail.",
    },
    "CHOSEN_IN_ZONE": {
        "en": "A person chose {chosenTime} on {chosenDate} in {chosenZone} for this email. In the sender's time zone"
        " that is {time} on {date}.",
        "de": "Eine Person wählte {chosenTime} am {chosenDate} in {chosenZone} für diese E-Mail. In der Zeitzone des"
        " Absenders ist das {time} am {date}.",
    },
    "SENT_ELSEWHERE": {
        "en": "A person sent this email from their own mailbox at {time} on {date}.",
        "de": "Eine Person hat diese E-Mail um {time} am {date} aus dem eigenen Postfach gesendet.",
    },
    "TASK_RESCHEDULED": {
        "en": "A person gave it another due date: {date}.",
        "de": "Eine Person hat ihr ein anderes Fälligkeitsdatum gegeben: {date}.",
    },
    "RESCHEDULED": {
        "en": "A person gave it another time: {time} on {date}.",
        "de": "Eine Person hat eine andere Zeit gewählt: {time} am {date}.",
    },
    "RESCHEDULED_IN_ZONE": {
        "en": "A person gave it another time: {chosenTime} on {chosenDate} in {chosenZone}. In this email's time zone"
        " that is {time} on {date}.",
        "de": "Eine Person hat eine andere Zeit gewählt: {chosenTime} am {chosenDate} in {chosenZone}. In der Zeitzone"
        " dieser E-Mail ist das {time} am {date}.",
    },
    "RESCHEDULED_NOW": {
        "en": "A person decided at {time} on {date} that it is sent immediately.",
        "de": "Eine Person hat um {time} am {date} entschieden, dass sie sofort gesendet wird.",
    },
    "CHOSEN_TIME_SKIPPED": {
        "en": "{chosenTime} does not exist on {chosenDate} in {chosenZone}, because the clocks go forward. The email is"
        " sent later by the length of the gap.",
        "de": "{chosenTime} gibt es am {chosenDate} in {chosenZone} nicht, weil die Uhren vorgestellt werden. Die"
        " E-Mail wird um die Dauer der Umstellung später gesendet.",
    },
    "CHOSEN_TIME_REPEATED": {
        "en": "{chosenTime} occurs twice on {chosenDate} in {chosenZone}, because the clocks go back. It is the first"
        " of the two (UTC{offset}).",
        "de": "{chosenTime} gibt es am {chosenDate} in {chosenZone} zweimal, weil die Uhren zurückgestellt werden. Es"
        " gilt das erste Mal (UTC{offset}).",
    },
}
