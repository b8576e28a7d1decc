"""The sentences of the warnings, by code and language. docs/errors.md lists the codes and their values."""

from collections.abc import Mapping

from strategies.contract import Plural, Text

WARNINGS: Mapping[str, Mapping[str, Text]] = {
    "SEND_OPTION_WARNING": {
        "en": "Step {step}: {warning}",
        "de": "Schritt {step}: {warning}",
    },
    "IMMEDIATE_ON_DAY_1": {
        "en": "Step {step}: not recommended on day 1, because this email is sent immediately at the start of the"
        " campaign.",
        "de": "Schritt {step}: an Tag 1 nicht empfohlen, weil diese E-Mail sofort zu Beginn der Kampagne gesendet"
        " wird.",
    },
    "FIELD_WITHOUT_VALUE": {
        "en": Plural(
            "missing",
            "Step {step}: {missing} of {people} people has no value for the dynamic field {field}, which has no"
            " default. That email would fail.",
            "Step {step}: {missing} of {people} people have no value for the dynamic field {field}, which has no"
            " default. Their emails would fail.",
        ),
        "de": Plural(
            "missing",
            "Schritt {step}: {missing} von {people} Personen hat keinen Wert für das dynamische Feld {field}, das"
            " keinen Ersatztext hat. Diese E-Mail würde fehlschlagen.",
            "Schritt {step}: {missing} von {people} Personen haben keinen Wert für das dynamische Feld {field}, das"
            " keinen Ersatztext hat. Ihre E-Mails würden fehlschlagen.",
        ),
    },
    "LAUNCHED_AGAIN": {
        "en": "This campaign ended for this person before, on {date} ({reason}). The launch starts it again from the"
        " beginning.",
        "de": "Diese Kampagne hat für diese Person schon einmal geendet, am {date} ({reason}). Mit dem Start beginnt"
        " sie von vorn.",
    },
    "ADDRESS_BOUNCES": {
        "en": "Emails to {email} bounce, and would fail. Correct the address; if it is right, call clearBounce.",
        "de": "E-Mails an {email} kommen zurück und würden fehlschlagen. Korrigieren Sie die Adresse. Wenn sie stimmt,"
        " rufen Sie clearBounce auf.",
    },
    "DOMAIN_BLOCKED": {
        "en": "This workspace sends nothing to {domain} and its subdomains. Emails to {email} would fail.",
        "de": "Dieser Arbeitsbereich sendet nichts an {domain} und deren Subdomains. E-Mails an {email} würden"
        " fehlschlagen.",
    },
    "EMAILS_STAY_ON_HOLD": {
        "en": "The campaign is paused. Its emails stay on hold, and resuming it moves the overdue ones.",
        "de": "Die Kampagne ist pausiert. Ihre E-Mails warten, und beim Fortsetzen werden die überfälligen verschoben.",
    },
    "EMAILS_LATE": {
        "en": Plural(
            "emails",
            "The new time of {emails} email has already passed. It is sent immediately.",
            "The new time of {emails} emails has already passed. They are sent immediately.",
        ),
        "de": Plural(
            "emails",
            "Der neue Zeitpunkt von {emails} E-Mail ist schon vorbei. Sie wird sofort gesendet.",
            "Der neue Zeitpunkt von {emails} E-Mails ist schon vorbei. Sie werden sofort gesendet.",
        ),
    },
    "NEW_STEP_PASSED": {
        "en": Plural(
            "people",
            "{people} person has already passed the place of step {step}. This person does not get it.",
            "{people} people have already passed the place of step {step}. They do not get it.",
        ),
        "de": Plural(
            "people",
            "{people} Person ist in der Kampagne schon weiter als Schritt {step}. Sie bekommt ihn nicht.",
            "{people} Personen sind in der Kampagne schon weiter als Schritt {step}. Sie bekommen ihn nicht.",
        ),
    },
    "PEOPLE_NOT_RESOLVED": {
        "en": Plural(
            "people",
            "The emails of {people} person cannot be scheduled again, because a send option fails. They keep their"
            " times.",
            "The emails of {people} people cannot be scheduled again, because a send option fails. They keep their"
            " times.",
        ),
        "de": Plural(
            "people",
            "Die E-Mails von {people} Person lassen sich nicht neu planen, weil eine Versandoption fehlschlägt. Sie"
            " behalten ihre Zeiten.",
            "Die E-Mails von {people} Personen lassen sich nicht neu planen, weil eine Versandoption fehlschlägt. Sie"
            " behalten ihre Zeiten.",
        ),
    },
    "LAUNCH_IN_PROGRESS": {
        "en": "A background launch is in progress. The people whom it still enrolls get the edited steps.",
        "de": "Ein Start im Hintergrund läuft noch. Personen, die er noch aufnimmt, bekommen die bearbeiteten"
        " Schritte.",
    },
    "OUT_OF_ORDER": {
        "en": Plural(
            "people",
            "Step {step} is sent before step {earlierStep} for {people} person: at {time}, and step {earlierStep} at"
            " {earlierTime} ({zone}).",
            "Step {step} is sent before step {earlierStep} for {people} people: for example at {time}, and step"
            " {earlierStep} at {earlierTime} ({zone}).",
            "Step {step} (day {day}, {time}) is sent before step {earlierStep} (day {earlierDay}, {earlierTime}).",
        ),
        "de": Plural(
            "people",
            "Schritt {step} wird bei {people} Person vor Schritt {earlierStep} gesendet: am {time}, und Schritt"
            " {earlierStep} am {earlierTime} ({zone}).",
            "Schritt {step} wird bei {people} Personen vor Schritt {earlierStep} gesendet: zum Beispiel am {time}, und"
            " Schritt {earlierStep} am {earlierTime} ({zone}).",
            "Schritt {step} (Tag {day}, {time}) wird vor Schritt {earlierStep} (Tag {earlierDay}, {earlierTime})"
            " gesendet.",
        ),
    },
    "OUT_OF_ORDER_AFTER_TASK": {
        "en": "Step {step} (day {day}, {time}) is sent before step {earlierStep} (day {earlierDay}, {earlierTime}) if"
        " the task of step {taskStep} is completed before then.",
        "de": "Schritt {step} (Tag {day}, {time}) wird vor Schritt {earlierStep} (Tag {earlierDay}, {earlierTime})"
        " gesendet, falls die Aufgabe von Schritt {taskStep} vorher erledigt wird.",
    },
    "FOLLOW_UP_WAITS": {
        "en": Plural(
            "people",
            "Step {step} follows up on step {earlierStep} and waits for it for {people} person: it is set to {time},"
            " and step {earlierStep} to {earlierTime} ({zone}).",
            "Step {step} follows up on step {earlierStep} and waits for it for {people} people: for example it is set"
            " to {time}, and step {earlierStep} to {earlierTime} ({zone}).",
            "Step {step} follows up on step {earlierStep} and waits for it: it is set to {time} on day {day}, and step"
            " {earlierStep} to {earlierTime} on day {earlierDay}.",
        ),
        "de": Plural(
            "people",
            "Schritt {step} antwortet auf Schritt {earlierStep} und wartet bei {people} Person auf ihn: Er ist für"
            " {time} geplant, und Schritt {earlierStep} für {earlierTime} ({zone}).",
            "Schritt {step} antwortet auf Schritt {earlierStep} und wartet bei {people} Personen auf ihn: Er ist zum"
            " Beispiel für {time} geplant, und Schritt {earlierStep} für {earlierTime} ({zone}).",
            "Schritt {step} antwortet auf Schritt {earlierStep} und wartet auf ihn: Er ist für {time} an Tag {day}"
            " geplant, und Schritt {earlierStep} für {earlierTime} an Tag {earlierDay}.",
        ),
    },
    "HTML_REMOVED": {
        "en": "Emails are sent without {removed}, because an email must not contain it. Your text is stored unchanged.",
        "de": "E-Mails werden ohne {removed} gesendet, weil das in keiner E-Mail erlaubt ist. Ihr Text bleibt"
        " unverändert gespeichert.",
    },
    "FIELD_PROMPT_LEFT": {
        "en": Plural(
            "people",
            "Step {step}: the field prompt '{prompt}' stops the email of {people} person, because nobody writes in"
            " its place in an automatic email.",
            "Step {step}: the field prompt '{prompt}' stops the emails of {people} people, because nobody writes in"
            " its place in an automatic email.",
        ),
        "de": Plural(
            "people",
            "Schritt {step}: Die Aufforderung „{prompt}“ hält die E-Mail von {people} Person auf, denn in einer"
            " automatischen E-Mail füllt sie niemand aus.",
            "Schritt {step}: Die Aufforderung „{prompt}“ hält die E-Mails von {people} Personen auf, denn in einer"
            " automatischen E-Mail füllt sie niemand aus.",
        ),
    },
}
