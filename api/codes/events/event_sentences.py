"""The sentence of each kind of event, in each language.

``{person}`` and ``{campaign}`` are names. ``{in_campaign}`` is empty without a campaign. ``{people:created}`` is a
number of people from the event's `data`, ``{rows:failed}`` of rows, ``{addresses:new}`` of addresses. ``{reason}`` is
the reason in brackets, in plain words (see event_reasons.py), unless it is the kind itself. Other names are
values of `data`.
"""

import re
from collections.abc import Mapping
from typing import Any

from api.codes.events.crm_sentences import CRM_SENTENCES
from api.codes.events.event_kinds import EventKind
from api.codes.events.event_reasons import reason_words
from api.codes.events.sentence_words import TASKS, WORDS

MAX_VALUE_CHARACTERS = 200
"""Longest value of `data` in a sentence."""
VALUE = re.compile(r"{(?:(\w+):)?(\w+)}")


SENTENCES: dict[EventKind, tuple[str, str]] = {
    EventKind.CAMPAIGN_LAUNCHED: (
        "{person} was launched into the campaign {campaign}.",
        "{person} wurde in die Kampagne {campaign} aufgenommen.",
    ),
    EventKind.CAMPAIGN_FINISHED: (
        "{person} finished the campaign {campaign}.",
        "{person} hat die Kampagne {campaign} durchlaufen.",
    ),
    EventKind.CAMPAIGN_ENDED: (
        "The campaign {campaign} ended early for {person}{reason}.",
        "Die Kampagne {campaign} endete vorzeitig für {person}{reason}.",
    ),
    EventKind.CAMPAIGN_PAUSED: ("The campaign {campaign} was paused.", "Die Kampagne {campaign} wurde angehalten."),
    EventKind.CAMPAIGN_RESUMED: ("The campaign {campaign} was resumed.", "Die Kampagne {campaign} wurde fortgesetzt."),
    EventKind.CAMPAIGN_EDITED: ("The campaign {campaign} was edited.", "Die Kampagne {campaign} wurde bearbeitet."),
    EventKind.CAMPAIGN_DUPLICATED: (
        "The campaign {campaign} was created as a copy.",
        "Die Kampagne {campaign} wurde als Kopie angelegt.",
    ),
    EventKind.CAMPAIGN_ARCHIVED: ("The campaign {campaign} was archived.", "Die Kampagne {campaign} wurde archiviert."),
    EventKind.CAMPAIGN_UNARCHIVED: (
        "The campaign {campaign} was taken out of the archive.",
        "Die Kampagne {campaign} wurde aus dem Archiv geholt.",
    ),
    EventKind.CAMPAIGN_DELETED: ("The campaign {campaign} was deleted.", "Die Kampagne {campaign} wurde gelöscht."),
    EventKind.EDIT_NOT_APPLIED: (
        "A change could not be applied to {person} in the campaign {campaign}{reason}. Their emails keep their times.",
        "Eine Änderung ließ sich in der Kampagne {campaign} nicht auf {person} anwenden{reason}. Die E-Mails behalten "
        "ihre Zeiten.",
    ),
    EventKind.STEPS_NOT_PLANNED: (
        "Some emails to {person} in the campaign {campaign} could not be planned{reason}. They wait until this send "
        "option works: {option}.",
        "Einige E-Mails an {person} in der Kampagne {campaign} ließen sich nicht planen{reason}. Sie warten, bis diese "
        "Versandoption funktioniert: {option}.",
    ),
    EventKind.SEND_OPTION_MISSING: (
        "The campaign {campaign} uses a send option that is not installed: {option}.",
        "Die Kampagne {campaign} nutzt eine Versandoption, die nicht installiert ist: {option}.",
    ),
    EventKind.SEND_OPTION_RESTORED: (
        "A send option of the campaign {campaign} is installed again: {option}.",
        "Eine Versandoption der Kampagne {campaign} ist wieder installiert: {option}.",
    ),
    EventKind.LAUNCH_FINISHED: (
        "The launch of the campaign {campaign} is finished: {people:enrolled} enrolled, {people:leftOut} left out.",
        "Der Start der Kampagne {campaign} ist abgeschlossen: {people:enrolled} aufgenommen, {people:leftOut} "
        "ausgelassen.",
    ),
    EventKind.LAUNCH_FAILED: (
        "The launch of the campaign {campaign} failed and has ended.",
        "Der Start der Kampagne {campaign} ist gescheitert und beendet.",
    ),
    EventKind.SEND_OPTION_PAUSED: (
        "The send option “{option}” of the package “{package}” failed too often: nobody can be launched into "
        "the campaign {campaign} until it works again.",
        "Die Versandoption „{option}“ des Pakets „{package}“ ist zu oft gescheitert: In die Kampagne {campaign} kann "
        "niemand aufgenommen werden, bis sie wieder funktioniert.",
    ),
    EventKind.SEND_OPTION_RESUMED: (
        "The send option “{option}” of the package “{package}” works again in the campaign {campaign}.",
        "Die Versandoption „{option}“ des Pakets „{package}“ funktioniert in der Kampagne {campaign} wieder.",
    ),
    EventKind.PEOPLE_MERGED: (
        "Another person was merged into {person}.",
        "Eine andere Person wurde mit {person} zusammengeführt.",
    ),
    EventKind.PERSON_ERASED: ("A person was erased.", "Eine Person wurde gelöscht."),
    EventKind.PEOPLE_IMPORTED: (
        "An import is finished: {people:created} added, {people:updated} updated, {rows:skipped} skipped, "
        "{rows:failed} refused.",
        "Ein Import ist abgeschlossen: {people:created} angelegt, {people:updated} geändert, {rows:skipped} "
        "übersprungen, {rows:failed} abgelehnt.",
    ),
    EventKind.PEOPLE_IMPORT_FAILED: (
        "An import of people failed and has ended.",
        "Ein Import von Personen ist gescheitert und beendet.",
    ),
    EventKind.SUPPRESSIONS_IMPORTED: (
        "A file of unsubscribed addresses was imported: {addresses:new} new, {addresses:known} known, {rows:refused} "
        "refused.",
        "Eine Datei abgemeldeter Adressen wurde importiert: {addresses:new} neu, {addresses:known} bekannt, "
        "{rows:refused} abgelehnt.",
    ),
    EventKind.ACCOUNT_PAUSED: (
        "Emails wait, because an account does not work{reason}: {account}.{next_try}",
        "E-Mails warten, weil ein Konto nicht funktioniert{reason}: {account}.{next_try}",
    ),
    EventKind.ACCOUNT_RESUMED: ("An account works again: {account}.", "Ein Konto funktioniert wieder: {account}."),
    EventKind.EMAIL_SENT: (
        "An email to {person} was sent{in_campaign}.",
        "Eine E-Mail an {person} wurde{in_campaign} gesendet.",
    ),
    EventKind.EMAIL_DEFERRED: (
        "The server does not accept the email to {person} for now{reason}. Touchline tries again.",
        "Der Server nimmt die E-Mail an {person} vorerst nicht an{reason}. Der Versand wird erneut versucht.",
    ),
    EventKind.EMAIL_FAILED: (
        "An email to {person} was not sent{in_campaign}{reason}.",
        "Eine E-Mail an {person} wurde{in_campaign} nicht gesendet{reason}.",
    ),
    EventKind.EMAIL_IN_DOUBT: (
        "Nobody can know whether an email to {person} arrived{in_campaign}{reason}.",
        "Niemand kann wissen, ob eine E-Mail an {person} angekommen ist{in_campaign}{reason}.",
    ),
    EventKind.EMAIL_RETRIED: (
        "An email to {person} is sent again{in_campaign}.",
        "Eine E-Mail an {person} wird{in_campaign} erneut gesendet.",
    ),
    EventKind.EMAIL_WAITS: (
        "An email to {person} waits until its send option allows it{in_campaign}{reason}.",
        "Eine E-Mail an {person} wartet{in_campaign}, bis ihre Versandoption sie erlaubt{reason}.",
    ),
    EventKind.EMAIL_MOVED: (
        "A change gave an email to {person} another time{in_campaign}.",
        "Eine Änderung gab einer E-Mail an {person} eine andere Zeit{in_campaign}.",
    ),
    EventKind.EMAIL_ADDED: (
        "An edit scheduled another email to {person}{in_campaign}.",
        "Eine Änderung plante eine weitere E-Mail an {person}{in_campaign}.",
    ),
    EventKind.EMAIL_SCHEDULED: ("An email to {person} was scheduled.", "Eine E-Mail an {person} wurde geplant."),
    EventKind.EMAIL_DELETED: (
        "An unsent email to {person} was deleted.",
        "Eine nicht gesendete E-Mail an {person} wurde gelöscht.",
    ),
    EventKind.EMAIL_RESCHEDULED: (
        "An email to {person} got another time{in_campaign}.",
        "Eine E-Mail an {person} bekam{in_campaign} eine andere Zeit.",
    ),
    EventKind.EMAIL_EDITED: (
        "The text of an email to {person} was edited{in_campaign}.",
        "Der Text einer E-Mail an {person} wurde{in_campaign} bearbeitet.",
    ),
    EventKind.EMAIL_WITHDRAWN: (
        "An email to {person} was withdrawn{in_campaign}.",
        "Eine E-Mail an {person} wurde{in_campaign} zurückgezogen.",
    ),
    EventKind.TASK_CREATED: (
        "New {task} for {person}{in_campaign}{due}.",
        "Neu: {task} für {person}{in_campaign}{due}.",
    ),
    EventKind.TASK_CONFLICT: (
        "A {task} for {person} was changed here and in the CRM: {field}.",
        "Eine Aufgabe ({task}) für {person} wurde hier und im CRM geändert: {field}.",
    ),
    EventKind.TASK_CHANGED: (
        "A task for {person} was changed{in_campaign}.",
        "Eine Aufgabe für {person} wurde{in_campaign} geändert.",
    ),
    EventKind.TASK_COMPLETED: (
        "Completed: {task} for {person}{in_campaign}.",
        "Erledigt: {task} für {person}{in_campaign}.",
    ),
    EventKind.TASK_SKIPPED: (
        "Skipped: {task} for {person}{in_campaign}.",
        "Übersprungen: {task} für {person}{in_campaign}.",
    ),
    EventKind.TASK_REOPENED: ("Open again: {task} for {person}{due}.", "Wieder offen: {task} für {person}{due}."),
    EventKind.TASK_DELETED: ("Deleted: {task} for {person}.", "Gelöscht: {task} für {person}."),
    EventKind.TASK_EXPIRED: (
        "Expired: {task} for {person}{in_campaign}.",
        "Abgelaufen: {task} für {person}{in_campaign}.",
    ),
    EventKind.TASK_CANCELLED: (
        "A task for {person} was cancelled{in_campaign}{reason}.",
        "Eine Aufgabe für {person} wurde{in_campaign} abgebrochen{reason}.",
    ),
    EventKind.TASK_MOVED: (
        "A task for {person} got another due date{in_campaign}.",
        "Eine Aufgabe für {person} bekam{in_campaign} ein anderes Fälligkeitsdatum.",
    ),
    EventKind.TASK_WITHDRAWN: (
        "An edit removed a task for {person}{in_campaign}.",
        "Eine Änderung entfernte eine Aufgabe für {person}{in_campaign}.",
    ),
    EventKind.OPENED: ("{person} opened an email{in_campaign}.", "{person} hat{in_campaign} eine E-Mail geöffnet."),
    EventKind.CLICKED: (
        "{person} clicked a link{in_campaign}: {url}",
        "{person} hat{in_campaign} einen Link angeklickt: {url}",
    ),
    EventKind.CLICKS_CORRECTED: (
        "Clicks in an email to {person} were a program's, not the person's{in_campaign}.",
        "Klicks in einer E-Mail an {person} stammten von einem Programm, nicht von der Person{in_campaign}.",
    ),
    EventKind.EMAIL_CROSSED: (
        "{person} replied while another email to them was on its way{in_campaign}.",
        "{person} hat geantwortet, während eine weitere E-Mail schon unterwegs war{in_campaign}.",
    ),
    EventKind.REPLIED: ("{person} replied{in_campaign}.", "{person} hat{in_campaign} geantwortet."),
    EventKind.AUTO_REPLIED: (
        "An automatic answer came from {person}{in_campaign}.",
        "Von {person} kam eine automatische Antwort{in_campaign}.",
    ),
    EventKind.SENDER_WROTE: (
        "The sender wrote to {person} from their own mail program{in_campaign}.",
        "Der Absender hat {person} aus dem eigenen Mailprogramm geschrieben{in_campaign}.",
    ),
    EventKind.COMPLAINED: (
        "{person} marked an email as spam{in_campaign}.",
        "{person} hat{in_campaign} eine E-Mail als Spam gemeldet.",
    ),
    EventKind.BOUNCED: (
        "An email to {person} bounced{in_campaign}{reason}.",
        "Eine E-Mail an {person} kam{in_campaign} zurück{reason}.",
    ),
    EventKind.COPY_BOUNCED: (
        "A copy of an email to {person} bounced.",
        "Eine Kopie einer E-Mail an {person} kam zurück.",
    ),
    EventKind.BOUNCE_CLEARED: (
        "Emails to {person} are allowed again after a bounce.",
        "E-Mails an {person} sind nach einem Rückläufer wieder erlaubt.",
    ),
    EventKind.UNSUBSCRIBED: (
        "{person} unsubscribed from all emails.",
        "{person} hat sich von allen E-Mails abgemeldet.",
    ),
    EventKind.RESUBSCRIBED: (
        "Emails to {person} are allowed again.",
        "E-Mails an {person} sind wieder erlaubt.",
    ),
    EventKind.TOKEN_CREATED: (
        "A token was created: {token}, with the role {role}.",
        "Ein Token wurde angelegt: {token}, mit der Rolle {role}.",
    ),
    EventKind.TOKEN_REVOKED: ("A token was revoked: {token}.", "Ein Token wurde widerrufen: {token}."),
    **CRM_SENTENCES,
    EventKind.OTHER: ("{raw_kind}: an event of {person}.", "{raw_kind}: ein Ereignis zu {person}."),
}
ENDED_AS_SUCCESS = (
    "The campaign {campaign} ended as a success for {person}.",
    "Die Kampagne {campaign} endete für {person} mit Erfolg.",
)
"""The sentence of a `CAMPAIGN_ENDED` whose `data` has `success`."""
LANGUAGES = tuple(WORDS)


def event_sentence(
    raw_kind: str, language: str, person: str | None, campaign: str | None, data: Mapping[str, Any]
) -> str:
    """Return the sentence of an event, with the names of its person and campaign; in English for another language."""
    language = language if language in WORDS else "en"
    words, kind = WORDS[language], EventKind.of(raw_kind)
    name = campaign or (str(data["name"])[:MAX_VALUE_CHARACTERS] if data.get("name") else None)
    quoted = words.quoted.format(name) if name else words.some_campaign
    reason, due, until = str(data.get("reason") or ""), data.get("due"), str(data.get("until") or "")
    reason_text = reason_words(reason, LANGUAGES.index(language))[:MAX_VALUE_CHARACTERS]
    email = data.get("email")
    values = {
        "person": person or (str(email)[:MAX_VALUE_CHARACTERS] if email else words.someone),
        "campaign": quoted,
        "in_campaign": words.in_campaign.format(quoted) if campaign else "",
        "reason": f" ({reason_text})" if reason and reason != raw_kind else "",
        "due": words.due.format(due) if due else "",
        "next_try": words.next_try.format(until[:16].replace("T", " ")) if until else "",
        "of_user": words.of_user.format(str(data["user"])[:MAX_VALUE_CHARACTERS]) if data.get("user") else "",
        "task": TASKS[language].get(str(data.get("type", "")), TASKS[language][""]),
        "raw_kind": raw_kind,
    }

    def value(found: re.Match[str]) -> str:
        unit, key = found[1], found[2]
        if unit is None:
            return values[key] if key in values else str(data.get(key, ""))[:MAX_VALUE_CHARACTERS]
        number = data.get(key, 0)
        return f"{number} {words.units[unit][number != 1]}"

    success = kind is EventKind.CAMPAIGN_ENDED and data.get("success") is True
    sentences = ENDED_AS_SUCCESS if success else SENTENCES[kind]
    text = VALUE.sub(value, sentences[LANGUAGES.index(language)])
    return text[:1].upper() + text[1:] if text.startswith((words.someone, words.some_campaign)) else text
