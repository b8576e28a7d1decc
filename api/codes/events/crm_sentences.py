"""The sentence of each kind of event of a CRM, in each language: English, German. See event_sentences.py."""

from api.codes.events.event_kinds import EventKind

CRM_SENTENCES: dict[EventKind, tuple[str, str]] = {
    EventKind.CRM_CONNECTED: (
        "The workspace was connected to the CRM: {organization}.",
        "Der Arbeitsbereich wurde mit dem CRM verbunden: {organization}.",
    ),
    EventKind.CRM_DISCONNECTED: (
        "The workspace was disconnected from the CRM: {organization}.",
        "Der Arbeitsbereich wurde vom CRM getrennt: {organization}.",
    ),
    EventKind.CRM_CONNECTION_LOST: (
        "The connection{of_user} to the CRM is lost{reason}.",
        "Die Verbindung{of_user} zum CRM ist unterbrochen{reason}.",
    ),
    EventKind.CRM_CONNECTION_RESTORED: (
        "The connection{of_user} to the CRM works again.",
        "Die Verbindung{of_user} zum CRM funktioniert wieder.",
    ),
    EventKind.CRM_PERSON_LINKED: (
        "{person} was linked with a record of the CRM.",
        "{person} wurde mit einem Datensatz des CRM verknüpft.",
    ),
    EventKind.CRM_PERSON_UNLINKED: (
        "{person} was unlinked from the CRM.",
        "{person} ist nicht mehr mit dem CRM verknüpft.",
    ),
    EventKind.CRM_PERSON_MOVED: (
        "{person} has another record in the CRM: the lead was converted or merged there.",
        "{person} hat im CRM einen anderen Datensatz: Der Lead wurde dort umgewandelt oder zusammengeführt.",
    ),
    EventKind.CRM_WRITE_FAILED: ("The CRM rejected a change{reason}.", "Das CRM hat eine Änderung abgelehnt{reason}."),
}
