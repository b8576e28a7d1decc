"""Warnings: each code with its sentences and its documentation.

A new warning is one more member, with a sentence for each language, when it is given, and its values.
``WarningCode.note`` makes it.
"""

from strategies.contract import Plural
from strategies.sentences import order_warning_sentences
from strategies.sentences.warning_members import WarningMember, warning


class WarningCode(WarningMember):
    """The code of a warning, with its sentences by language."""

    SEND_OPTION_WARNING = warning(
        en="Step {step}: {warning}",
        de="Schritt {step}: {warning}",
        when="A package's send option is available for this step, but warns about it.",
        values="`step`, `option` (its key), `warning` (a sentence of the package)",
    )
    SEND_OPTION_MISSING = warning(
        en="Step {step}: the send option {option} is not installed. Until it is, nobody can be launched, and tasks"
        " before this step cannot be completed. Scheduled emails keep their times.",
        de="Schritt {step}: Die Versandoption {option} ist nicht installiert. Bis dahin kann niemand aufgenommen"
        " werden, und Aufgaben vor diesem Schritt lassen sich nicht erledigen. Geplante E-Mails behalten ihre Zeiten.",
        when="The package with the step's send option is not installed any more, or it was left out (see `plugins`).",
        values="`step`, `option` (its key)",
    )
    SEND_OPTION_STOPPED = warning(
        en="Step {step}: the send option {option} of the package {package} has failed too often, so it is not asked"
        " until {until} UTC. Until it works again, nobody can be launched. Scheduled emails keep"
        " their times.",
        de="Schritt {step}: Die Versandoption {option} des Pakets {package} ist zu oft gescheitert und wird deshalb bis"
        " {until} UTC nicht gefragt. Bis sie wieder funktioniert, kann niemand aufgenommen werden. Geplante"
        " E-Mails behalten ihre Zeiten.",
        when="The step's send option has failed too often, and is paused. See `SendOptionOffer.health`.",
        values="`step`, `option` (its key), `package`, `until` (UTC)",
    )
    SEND_OPTION_FAILING = warning(
        en="Step {step}: the send option {option} of the package {package} has failed in the last hour. {fault}"
        " It is still asked. If a launch fails, try again later.",
        de="Schritt {step}: Die Versandoption {option} des Pakets {package} ist in der letzten Stunde gescheitert."
        " {fault} Sie wird weiterhin gefragt. Wenn ein Start scheitert, versuchen Sie es später wieder.",
        when="The step's send option has failed within the last hour. It is still asked.",
        values="`step`, `option` (its key), `package`, `fault` (a sentence in English)",
    )
    IMMEDIATE_ON_DAY_1 = warning(
        en="Step {step}: not recommended on day 1, because this email is sent immediately at the start of the"
        " campaign.",
        de="Schritt {step}: an Tag 1 nicht empfohlen, weil diese E-Mail sofort zu Beginn der Kampagne gesendet wird.",
        when="A step on day 1 is set to the same time as the previous email. It is sent at the start of the campaign.",
        values="`step`, `option`, `warning`",
    )
    FIELD_WITHOUT_VALUE = warning(
        en=Plural(
            "missing",
            "Step {step}: {missing} of {people} people has no value for the dynamic field {field}, which has no"
            " default. That email would fail.",
            "Step {step}: {missing} of {people} people have no value for the dynamic field {field}, which has no"
            " default. Their emails would fail.",
        ),
        de=Plural(
            "missing",
            "Schritt {step}: {missing} von {people} Personen hat keinen Wert für das dynamische Feld {field}, das"
            " keinen Ersatztext hat. Diese E-Mail würde fehlschlagen.",
            "Schritt {step}: {missing} von {people} Personen haben keinen Wert für das dynamische Feld {field}, das"
            " keinen Ersatztext hat. Ihre E-Mails würden fehlschlagen.",
        ),
        when=(
            "Some of the people have no value for a dynamic field that has no default. Their emails of this step "
            "would fail."
        ),
        values="`step`, `field`, `missing` (people without a value), `people` (people in the launch)",
    )
    LAUNCHED_AGAIN = warning(
        en="This campaign ended for this person before, on {date} ({reason}). The launch starts it again from the"
        " beginning.",
        de="Diese Kampagne hat für diese Person schon einmal geendet, am {date} ({reason}). Mit dem Start beginnt"
        " sie von vorn.",
        when="The campaign has ended for this person before, and `again: true` starts it again.",
        values="`date` (in the zone of the new enrollment), `reason` (a code from above, such as `REPLIED`)",
    )
    UNSUBSCRIBED_GETS_TRANSACTIONAL = warning(
        en="{email} has unsubscribed. The emails are sent, because all of them are transactional.",
        de="{email} hat sich abgemeldet und erhält die E-Mails trotzdem, weil alle transaktional sind.",
        when=(
            "The person's address has unsubscribed. All email steps of the campaign have transactional templates, so "
            "its emails are sent."
        ),
        values="`email`",
    )
    ADDRESS_BOUNCES = warning(
        en="Emails to {email} bounce, and would fail. Correct the address; if it is right, call clearBounce.",
        de="E-Mails an {email} kommen zurück und würden fehlschlagen. Korrigieren Sie die Adresse. Wenn sie stimmt,"
        " rufen Sie clearBounce auf.",
        when=(
            "The person's address bounces, and Remove on Bounce is off, so the campaign continues. The person's tasks "
            "are created, but emails would fail."
        ),
        values="`email`",
    )
    DOMAIN_BLOCKED = warning(
        en="This workspace sends nothing to {domain} and its subdomains. Emails to {email} would fail.",
        de="Dieser Arbeitsbereich sendet nichts an {domain} und deren Subdomains. E-Mails an {email} würden"
        " fehlschlagen.",
        when=(
            "The workspace sends nothing to the person's domain. The person's tasks are created, but emails would fail."
        ),
        values="`email`, `domain` (the blocked domain)",
    )
    EMAILS_STAY_ON_HOLD = warning(
        en="The campaign is paused. Its emails stay on hold, and resuming it moves the overdue ones.",
        de="Die Kampagne ist pausiert. Ihre E-Mails warten, und beim Fortsetzen werden die überfälligen verschoben.",
        when="The campaign is paused. The edit does not send anything before the campaign is resumed.",
    )
    EMAILS_LATE = warning(
        en=Plural(
            "emails",
            "The new time of {emails} email has already passed. It is sent immediately.",
            "The new time of {emails} emails has already passed. They are sent immediately.",
        ),
        de=Plural(
            "emails",
            "Der neue Zeitpunkt von {emails} E-Mail ist schon vorbei. Sie wird sofort gesendet.",
            "Der neue Zeitpunkt von {emails} E-Mails ist schon vorbei. Sie werden sofort gesendet.",
        ),
        when="The edit gives emails a time that has already passed. They are sent immediately.",
        values="`emails` (how many)",
    )
    NEW_STEP_PASSED = warning(
        en=Plural(
            "people",
            "{people} person is already past step {step} and does not get it.",
            "{people} people are already past step {step} and do not get it.",
        ),
        de=Plural(
            "people",
            "{people} Person ist in der Kampagne schon weiter als Schritt {step}. Sie bekommt ihn nicht.",
            "{people} Personen sind in der Kampagne schon weiter als Schritt {step}. Sie bekommen ihn nicht.",
        ),
        when="People are already past the place of a new step. They do not get it.",
        values="`step`, `people` (how many)",
    )
    PEOPLE_NOT_RESOLVED = warning(
        en=Plural(
            "people",
            "Some emails of {people} person cannot be scheduled again, because a send option fails. They wait until it"
            " works.",
            "Some emails of {people} people cannot be scheduled again, because a send option fails. They wait until it"
            " works.",
        ),
        de=Plural(
            "people",
            "Einige E-Mails von {people} Person lassen sich nicht neu planen, weil eine Versandoption fehlschlägt. Sie"
            " warten, bis sie funktioniert.",
            "Einige E-Mails von {people} Personen lassen sich nicht neu planen, weil eine Versandoption fehlschlägt."
            " Sie warten, bis sie funktioniert.",
        ),
        when="A send option fails for some people. Their emails from its step on will wait until it works.",
        values="`people` (how many)",
    )
    PEOPLE_WAIT_FOR_OPTION = warning(
        en=Plural(
            "people",
            "Step {step}: the emails of {people} person from this step on wait, because the send option {option} failed"
            " when they were planned ({reason}). It is asked again automatically.",
            "Step {step}: the emails of {people} people from this step on wait, because the send option {option} failed"
            " when they were planned ({reason}). It is asked again automatically.",
        ),
        de=Plural(
            "people",
            "Schritt {step}: Die E-Mails von {people} Person ab diesem Schritt warten, weil die Versandoption {option}"
            " bei der Planung gescheitert ist ({reason}). Sie wird von selbst wieder gefragt.",
            "Schritt {step}: Die E-Mails von {people} Personen ab diesem Schritt warten, weil die Versandoption"
            " {option} bei der Planung gescheitert ist ({reason}). Sie wird von selbst wieder gefragt.",
        ),
        when=(
            "A send option failed when people's steps were planned, after an edit, a changed fact or a task. Their "
            "emails from that step on wait until the option works. `retrySendOptions` asks it at once."
        ),
        values="`step` (the first one that waits), `option` (its key), `people` (how many), `reason` (a code)",
    )
    PREVIEW_INCOMPLETE = warning(
        en="The preview covers {calculated} of {people} people, because most people have times of their own. Its"
        " numbers count only these people.",
        de="Die Vorschau umfasst {calculated} von {people} Personen, weil die meisten eigene Zeiten haben. Ihre Zahlen"
        " gelten nur für diese Personen.",
        when=(
            "A preview calculates people with equal times together. There are too many different times to calculate "
            "all of them, so it calculates the times that most people share. Its numbers count only these people. The "
            "edit or the resume itself includes everyone."
        ),
        values="`people` (how many there are), `calculated` (how many the preview covers)",
    )
    LAUNCH_IN_PROGRESS = warning(
        en="A background launch is in progress. People who are enrolled later get the edited steps.",
        de="Ein Start im Hintergrund läuft noch. Personen, die er noch aufnimmt, bekommen die bearbeiteten Schritte.",
        when="A background launch of the campaign is in progress. People who are enrolled later get the edited steps.",
    )
    HTML_REMOVED = warning(
        en="Emails are sent without {removed}, because an email must not contain it. Your text is stored unchanged.",
        de="E-Mails werden ohne {removed} gesendet, weil das in keiner E-Mail erlaubt ist. Ihr Text bleibt"
        " unverändert gespeichert.",
        when=(
            "A template contains something that is not allowed in an email. The template is stored unchanged. Its "
            "emails are sent without that part."
        ),
        values="`removed`, such as `<script>`, `onclick`, `javascript: link` or `style: position`",
    )
    NOT_TRACKED = warning(
        en="Opens and clicks are not tracked, because this server has no address for tracked links. An operator sets it"
        " as TOUCHLINE_TRACKING_URL.",
        de="Öffnungen und Klicks werden nicht erfasst, weil dieser Server keine Adresse für erfasste Links hat. Ein"
        " Administrator setzt sie als TOUCHLINE_TRACKING_URL.",
        when=(
            "The `tracking` of the campaign, or of the one-off email, is not OFF, but the server has no "
            "`TOUCHLINE_TRACKING_URL`. Emails are sent as "
            "with OFF."
        ),
    )
    FIELD_PROMPT_LEFT = warning(
        en=Plural(
            "people",
            "Step {step}: the email of {people} person has the field prompt '{prompt}'. In an automatic email nobody"
            " replaces it, so the email would fail.",
            "Step {step}: the emails of {people} people have the field prompt '{prompt}'. In an automatic email nobody"
            " replaces it, so the emails would fail.",
        ),
        de=Plural(
            "people",
            "Schritt {step}: Die E-Mail von {people} Person enthält die Aufforderung „{prompt}“. In einer automatischen"
            " E-Mail ersetzt sie niemand, also würde die E-Mail fehlschlagen.",
            "Schritt {step}: Die E-Mails von {people} Personen enthalten die Aufforderung „{prompt}“. In einer"
            " automatischen E-Mail ersetzt sie niemand, also würden die E-Mails fehlschlagen.",
        ),
        when=(
            "An automatic email has a field prompt such as `{{! Introduce yourself }}`. Nobody replaces it with text, "
            "so the email would fail."
        ),
        values="`step`, `prompt`, `people` (how many)",
    )
    OUT_OF_ORDER = order_warning_sentences.OUT_OF_ORDER
    COPIES_NOT_REPEATED = warning(
        en="The email was sent before. These addresses have got it and get no other copy: {addresses}.",
        de="Die E-Mail wurde schon einmal gesendet. Diese Adressen haben sie erhalten und bekommen keine weitere Kopie:"
        " {addresses}.",
        when=(
            "A one-off email is sent again, for example because its recipient's server has returned it. Addresses in CC"
            " and BCC that have got it before get no other copy."
        ),
        values="`addresses` (separated by commas)",
    )
    OUT_OF_ORDER_AFTER_TASK = order_warning_sentences.OUT_OF_ORDER_AFTER_TASK
    FOLLOW_UP_WAITS = order_warning_sentences.FOLLOW_UP_WAITS
