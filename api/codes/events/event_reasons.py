"""The reasons in the sentences of events, in plain words of each language: English, German.

A reason of a partner's package has no words here; a sentence shows its code.
"""

from api.codes.events.crm_reasons import GERMAN_CRM_REASONS
from api.codes.reasons.channel_faults import ChannelFault
from api.codes.reasons.outcome_reasons import ReasonCode
from api.codes.refusals.campaigns import CampaignCode
from api.codes.refusals.emails import EmailCode
from api.codes.refusals.jobs import JobCode
from api.codes.refusals.people import PersonCode
from plugins.codes import ChannelCode
from plugins.crms.codes import CrmCode
from strategies.codes import StrategyCode

EVENT_REASONS: dict[str, tuple[str, str]] = {
    # People and campaigns.
    PersonCode.BLOCKED_DOMAIN: ("the domain is blocked", "die Domain ist gesperrt"),
    PersonCode.BOUNCED: ("an earlier email bounced", "eine frühere E-Mail kam zurück"),
    CampaignCode.CAMPAIGN_ARCHIVED: ("the campaign is archived", "die Kampagne ist archiviert"),
    CampaignCode.CAMPAIGN_ENDED: ("the campaign has ended for the person", "die Kampagne ist für die Person beendet"),
    CampaignCode.CAMPAIGN_ENDING: ("the campaign was ended for everyone", "die Kampagne wurde für alle beendet"),
    ReasonCode.COMPLAINED: ("the person marked an email as spam", "die Person hat eine E-Mail als Spam gemeldet"),
    PersonCode.INVALID_ADDRESS: ("the address is not valid", "die Adresse ist ungültig"),
    PersonCode.PERSON_ERASED: ("the person was erased", "die Person wurde gelöscht"),
    ReasonCode.REMOVED: ("a user removed the person", "ein Benutzer hat die Person entfernt"),
    ReasonCode.REPLIED: ("the person replied", "die Person hat geantwortet"),
    CampaignCode.STEP_REMOVED: ("the step was removed", "der Schritt wurde entfernt"),
    ReasonCode.SUCCEEDED: ("a user marked it as a success", "ein Benutzer hat sie als Erfolg markiert"),
    PersonCode.UNSUBSCRIBED: ("the address has unsubscribed", "die Adresse ist abgemeldet"),
    ReasonCode.UNSUBSCRIBED_AT_PROVIDER: (
        "the person unsubscribed at the email provider",
        "die Person hat sich beim E-Mail-Anbieter abgemeldet",
    ),
    ReasonCode.UNSUBSCRIBED_BY_MAIL: ("the person unsubscribed by email", "die Person hat sich per E-Mail abgemeldet"),
    # Send options.
    StrategyCode.SEND_OPTION_FAILED: ("a send option failed", "eine Versandoption ist gescheitert"),
    StrategyCode.SEND_OPTION_PAUSED: ("a send option failed too often", "eine Versandoption ist zu oft gescheitert"),
    StrategyCode.SEND_OPTION_UNKNOWN: ("a send option is not installed", "eine Versandoption ist nicht installiert"),
    # Channels of packages.
    ChannelFault.CHANNEL_CRASHED: ("the channel ended its process", "der Versandkanal hat seinen Prozess beendet"),
    ChannelFault.CHANNEL_FAILED: ("the channel failed", "der Versandkanal ist gescheitert"),
    ChannelFault.CHANNEL_NOT_LOADED: ("the channel cannot be loaded", "der Versandkanal lässt sich nicht laden"),
    ChannelFault.CHANNEL_PAUSED: ("the channel failed too often", "der Versandkanal ist zu oft gescheitert"),
    ChannelFault.CHANNEL_TOO_MUCH_MEMORY: (
        "the channel used too much memory",
        "der Versandkanal brauchte zu viel Speicher",
    ),
    ChannelFault.CHANNEL_TOO_SLOW: ("the channel took too long", "der Versandkanal brauchte zu lange"),
    # Tasks.
    ReasonCode.TASK_COMPLETED: ("the task was completed without it", "die Aufgabe wurde ohne sie erledigt"),
    ReasonCode.TASK_EXPIRED: ("a task expired", "eine Aufgabe ist abgelaufen"),
    ReasonCode.TASK_SKIPPED: ("the task was skipped", "die Aufgabe wurde übersprungen"),
    # Launches and jobs.
    ReasonCode.LAUNCH_CANCELLED: ("the launch was cancelled", "der Start wurde abgebrochen"),
    ReasonCode.LAUNCH_FAILED: ("the launch failed", "der Start ist gescheitert"),
    JobCode.ROW_FAILED: (
        "the stored data cannot be processed",
        "die gespeicherten Daten lassen sich nicht verarbeiten",
    ),
    # The content of an email.
    ReasonCode.ALREADY_RECEIVED: ("the person has got it as a copy", "die Person hat sie als Kopie bekommen"),
    ReasonCode.ATTACHMENTS_BUSY: ("other large emails are sent first", "andere große E-Mails sind zuerst an der Reihe"),
    EmailCode.ATTACHMENTS_TOO_LARGE: ("the attachments are too large", "die Anhänge sind zu groß"),
    EmailCode.EMAIL_TOO_LARGE: ("the email is too large", "die E-Mail ist zu groß"),
    EmailCode.FIELD_PROMPT_LEFT: ("a prompt was not replaced", "ein Platzhalter wurde nicht ersetzt"),
    ReasonCode.INVALID_MESSAGE: ("the email cannot be built", "die E-Mail lässt sich nicht erstellen"),
    CampaignCode.SUBJECT_REQUIRED: ("the subject is missing", "der Betreff fehlt"),
    ReasonCode.UNRESOLVED_FIELD: ("a dynamic field has no value", "ein dynamisches Feld hat keinen Wert"),
    # The transmission of an email.
    ChannelCode.ADDRESS_INVALID: ("the address is not valid", "die Adresse ist ungültig"),
    ReasonCode.ANSWERED: ("an answer proves it", "eine Antwort belegt es"),
    ChannelCode.AUTH_UNSUPPORTED: (
        "the mail server does not offer this login",
        "der Mailserver bietet diese Anmeldung nicht an",
    ),
    ChannelCode.CAFILE_UNREADABLE: ("a certificate file cannot be read", "eine Zertifikatsdatei ist nicht lesbar"),
    ReasonCode.CHANNEL_NOT_INSTALLED: ("the channel is not installed", "der Versandkanal ist nicht installiert"),
    ChannelCode.CONNECTION_FAILED: ("the server cannot be reached", "der Server ist nicht erreichbar"),
    ChannelCode.CONNECTION_LOST: ("the connection to the server broke", "die Verbindung zum Server brach ab"),
    ReasonCode.COPIES_NOT_SUPPORTED: ("the channel sends no copies", "der Versandkanal sendet keine Kopien"),
    ReasonCode.COPY_REFUSED: ("the mail server rejected a copy", "der Mailserver hat eine Kopie abgelehnt"),
    ChannelCode.DISK_ERROR: ("the outbox folder cannot be written", "der Ausgangsordner ist nicht beschreibbar"),
    ChannelCode.DISK_FULL: ("the disk is full", "die Festplatte ist voll"),
    ChannelCode.DKIM_FAILED: ("the email cannot be signed", "die E-Mail lässt sich nicht signieren"),
    ReasonCode.DOUBTS_IN_A_ROW: ("the connection broke several times", "die Verbindung brach mehrmals ab"),
    ReasonCode.FOLLOWS_UNSENT: ("the email before it is not sent yet", "die E-Mail davor ist noch nicht gesendet"),
    ReasonCode.NO_ANSWER: ("the channel did not answer", "der Versandkanal hat nicht geantwortet"),
    ReasonCode.NO_ALLOWED_TIME: ("the send option allows no time", "die Versandoption erlaubt keine Zeit"),
    ReasonCode.OUTSIDE_ALLOWED_TIMES: (
        "the send option allows another time",
        "die Versandoption erlaubt eine andere Zeit",
    ),
    ReasonCode.IN_DOUBT: ("the process stopped while it was sent", "der Prozess endete während des Sendens"),
    ChannelCode.LOGIN_DEFERRED: (
        "the mail server cannot check the login now",
        "der Mailserver prüft gerade keine Anmeldung",
    ),
    ChannelCode.LOGIN_REFUSED: ("the mail server rejected the login", "der Mailserver hat die Anmeldung abgelehnt"),
    ChannelCode.LOGIN_REQUIRED: ("the mail server requires a login", "der Mailserver verlangt eine Anmeldung"),
    ChannelCode.NOT_CONFIGURED: ("the account is not configured", "das Konto ist nicht eingerichtet"),
    ChannelCode.NOT_SYNCED: ("the disk has not confirmed it", "die Festplatte hat es nicht bestätigt"),
    ChannelCode.NOT_WRITABLE: ("the outbox folder is not writable", "der Ausgangsordner ist nicht beschreibbar"),
    ChannelCode.RECORDED: ("it was recorded, not sent", "sie wurde aufgezeichnet, nicht gesendet"),
    ReasonCode.RESENT_IN_DOUBT: (
        "the campaign's settings resend it",
        "die Einstellungen der Kampagne senden sie erneut",
    ),
    ReasonCode.RESTORED: (
        "the database was restored from a backup",
        "die Datenbank wurde aus einer Sicherung zurückgespielt",
    ),
    ChannelCode.SESSION_OVER: ("the connection was closed", "die Verbindung wurde geschlossen"),
    ReasonCode.SETTLED: ("its outcome was known before", "ihr Ergebnis war schon bekannt"),
    ChannelCode.SMTPUTF8_REQUIRED: (
        "the mail server does not support this address",
        "der Mailserver unterstützt diese Adresse nicht",
    ),
    ChannelCode.STARTTLS_MISSING: (
        "the mail server offers no encryption",
        "der Mailserver bietet keine Verschlüsselung an",
    ),
    ReasonCode.STOPPED: ("the process was stopped", "der Prozess wurde beendet"),
    ReasonCode.THROTTLED: ("the sender has reached its limit", "der Absender hat sein Limit erreicht"),
    ChannelCode.TIMEOUT: ("the server did not answer in time", "der Server hat nicht rechtzeitig geantwortet"),
    ChannelCode.TLS_FAILED: ("the encryption failed", "die Verschlüsselung ist gescheitert"),
    ChannelCode.TOKEN_UNAVAILABLE: ("there is no access token", "es gibt kein Zugriffstoken"),
    ReasonCode.UNEXPECTED: ("an unexpected error", "ein unerwarteter Fehler"),
    ChannelCode.UNEXPECTED_REPLY: (
        "the mail server gave an unexpected answer",
        "der Mailserver gab eine unerwartete Antwort",
    ),
    ChannelCode.WITHDRAWN: ("it was withdrawn", "sie wurde zurückgezogen"),
    ChannelCode.WRITTEN: ("it was written to a file", "sie wurde in eine Datei geschrieben"),
}
"""By reason: the words in brackets at the end of a sentence."""
SMTP_CODES = (
    ("SMTP_4", "the mail server answered “not now”", "der Mailserver antwortete „jetzt nicht“"),
    ("SMTP_5", "the mail server rejected it", "der Mailserver hat sie abgelehnt"),
)
"""Beginnings of the reasons that are answers of a mail server, such as ``SMTP_550``."""


def reason_words(reason: str, language: int) -> str:
    """Return a reason in plain words of a language, 0 for English and 1 for German; an unknown one as it is."""
    if reason in EVENT_REASONS:
        return EVENT_REASONS[reason][language]
    if reason in GERMAN_CRM_REASONS:
        sentence = CrmCode[reason].sentence
        return GERMAN_CRM_REASONS[reason] if language else f"{sentence[:1].lower()}{sentence[1:-1]}"
    return next((words[language] for begin, *words in SMTP_CODES if reason.startswith(begin)), reason)
