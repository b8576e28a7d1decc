"""The sentences about a send option's other choices: a zone, the times it allows, and the date of day 1."""

from collections.abc import Mapping

from strategies.contract import Text

ALLOWED_TIME_SENTENCES: Mapping[str, Mapping[str, Text]] = {
    "TIME_IN_ZONE": {
        "en": "That time is in {zone}.",
        "de": "Diese Zeit gilt in {zone}.",
    },
    "NEXT_ALLOWED_TIME": {
        "en": "The send option does not allow that time. The next time that it allows is {time} on {date}.",
        "de": "Die Versandoption erlaubt diese Zeit nicht. Die nächste erlaubte Zeit ist {time} am {date}.",
    },
    "WAITS_FOR_ALLOWED_TIME": {
        "en": "It could not be sent in time. The next time that the send option allows is {time} on {date}.",
        "de": "Sie konnte nicht rechtzeitig gesendet werden. Die nächste Zeit, die die Versandoption erlaubt, ist"
        " {time} am {date}.",
    },
    "NO_TIME_ALLOWED": {
        "en": "At {time} on {date} the send option allows no time for this email. It is asked again every hour.",
        "de": "Um {time} am {date} erlaubt die Versandoption keine Zeit für diese E-Mail. Sie wird jede Stunde erneut"
        " gefragt.",
    },
    "DAY_STAYS": {
        "en": "Day {day} stays {date}. Later days are counted from that date.",
        "de": "Tag {day} bleibt der {date}. Spätere Tage zählen ab diesem Datum.",
    },
    "DAY_MOVES": {
        "en": "This email moves day {day} to {date}. Later days are counted from that date.",
        "de": "Diese E-Mail verschiebt Tag {day} auf den {date}. Spätere Tage zählen ab diesem Datum.",
    },
}
