"""Recognizes read receipts: by their type (RFC 8098), else by the words of mail programs."""

import re

from api.mail.reading.parts import ReceivedMail

TYPES = frozenset({"message/disposition-notification", "message/global-disposition-notification"})
READ_CHARACTERS = 1_500
SUBJECT = re.compile(
    r"^\s{0,5}(?:(?:not )?read|(?:un|nicht )?gelesen|(?:non )?lu|(?:no )?leíd[oa]|(?:non )?lett[oa]"
    r"|(?:on|niet )?gelezen|(?:não )?lid[oa]|(?:nie )?przeczytan[aeoy]|o?läst|u?læst|u?lest|luettu|(?:не )?прочитано"
    r"|(?:ne)?přečteno|okundu|已读|已讀|未读|未讀|開封済み|읽음"
    r"|(?:return|read) receipt|(?:lese|empfangs)bestätigung|confirmation de lecture|accusé de (?:réception|lecture)"
    r"|confirmaci[oó]n de lectura|acuse de recibo|conferma di lettura|ricevuta di ritorno"
    r"|(?:lees|ontvangst)bevestiging|(?:confirmação|recibo) de leitura|potwierdzenie (?:prze|od)czytania"
    r"|läskvitto|læsekvittering|lesekvittering|開封確認)\s{0,3}(?:\([^)]{0,40}\)\s{0,3})?[:：–-]",
    re.IGNORECASE,
)
TEXT = re.compile(
    r"\bwas (?:read|displayed)\b|\bdeleted without being read\b|\b(?:return|read) receipt\b"
    r"|\bwurde .{0,120}gelesen\b|\bungelesen gelöscht|\b(?:lese|empfangs)bestätigung"
    r"|\ba été (?:lue?|ouvert|affiché)|\bsupprimée? .{0,60}sans|\baccusé de (?:réception|lecture)"
    r"|\b(?:se leyó|fue leíd|ha sido leíd|se eliminó sin)|\bacuse de recibo|\bconfirmaci[oó]n de lectura"
    r"|\bè stat[oa] (?:lett|visualizzat|eliminat)|\bricevuta di ritorno|\b(?:is|werd) .{0,80}gelezen\b"
    r"|\b(?:lees|ontvangst)bevestiging|\bfoi lid[oa]|\bfoi (?:excluíd|eliminad)[oa] sem|\brecibo de leitura"
    r"|\bzostała? (?:prze|od)czytan|\blästes\b|\bblev læst\b|\bble lest\b|прочитан|\bpřečten|\bokundu\b"
    r"|已读|已讀|阅读|閱讀|開封|읽었|읽음",
    re.IGNORECASE,
)


def is_read_receipt(mail: ReceivedMail, subject: str, text: str) -> bool:
    """Return whether a mail only says that an email was opened. ``text`` is what the mail shows.

    Some servers remove the part of the type that says so. Then both the subject and the text must.
    """
    if mail.headers.parameters.get("report-type", "").lower() == "disposition-notification":
        return True
    if any(part.content_type in TYPES for part in mail.parts):
        return True
    return bool(SUBJECT.match(subject[:300]) and TEXT.search(" ".join(text[:READ_CHARACTERS].split())))
