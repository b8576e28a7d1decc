"""Detects mails without a token that contain only the request to get no more emails."""

import re

MAX_TEXT_CHARACTERS = 300
"""A longer text is not only a request. A user has to read it."""
MAX_SUBJECT_CHARACTERS = 200
ANSWER = re.compile(r"^(?:(?:re|aw|antw|sv|vs|odp|rif|res|tr)\s?:\s*)+", re.IGNORECASE)
EDGES = " \t.,;:!?\u00a1\u00bf\"'\u201c\u201d\u201e\u00ab\u00bb*()[]<>-\u2013\u2014\u3002\uff01"
GREETING = re.compile(
    r"(?:hi|hello|dear|hey|hallo|guten tag|sehr geehrte|liebe|bonjour|hola|buenos|buongiorno|ciao|olá|beste"
    r"|dzień dobry)\b.{0,60}",
    re.IGNORECASE,
)
PLEASE = (
    r"(?:please|pls|kindly|bitte"
    r"|s['\u2019]il vous plaît|svp|merci de|por favor,?|per favore,?|alstublieft|graag|proszę)"
)
MORE = r"(?: .{0,80})?"
AGAIN = r"(?: (?:any ?more|again|further|please|(?:more |these |such |any |your )?(?:e-?)?mails?)(?: .{0,30})?)?"
REQUESTS = (
    # English
    r"unsubscribe(?: (?:me|us))?(?: (?:from|please|now|thanks|thank you)(?: .{0,80})?)?|stop|opt(?:ing)?[- ]?out",
    rf"(?:remove|delete) (?:me|us|my (?:e-?mail|address|name)){MORE}|take (?:me|us|my \w+) off{MORE}",
    rf"(?:stop|do not|don['\u2019]t) (?:send|e-?mail|contact|writ)(?:e|ing)?(?: to)? (?:me|us){AGAIN}",
    rf"no more e-?mails{MORE}",
    # German
    r"abmelden|abmeldung|abbestellen|abbestellung|austragen|newsletter abbestellen",
    r"(?:melden|tragen|streichen|nehmen|löschen|entfernen) sie (?:mich|uns|meine (?:e-?mail-?)?adresse)" + MORE,
    rf"(?:melde?|trage?|streiche?|nimm|lösche?|entferne?) (?:mich|uns){MORE}",
    rf"keine (?:weiteren )?(?:e-?mails?|werbung){MORE}",
    # French
    r"(?:me |se )?(?:désinscrire|désabonner)|désinscription|désabonnement",
    rf"(?:désinscrivez|désabonnez|retirez|supprimez|enlevez)[- ](?:moi|mon adresse){MORE}",
    # Spanish, Italian, Portuguese
    rf"(?:dar|dad|da|den|de|dé)me de baja{MORE}|(?:dar(?:se)? de )?baja|cancelar (?:la |mi )?suscripci[oó]n",
    rf"elim[ií]n[ae]n?me{MORE}",
    r"disiscriv(?:i|imi|etemi|ere)|disiscrizione|annulla(?:re)? (?:l['\u2019])?iscrizione",
    rf"(?:cancell|rimuov)\w{{0,6}}mi{MORE}",
    rf"cancelar? (?:a |minha )?(?:inscrição|subscrição|assinatura)|descadastrar|remov(?:a|am|er)-me{MORE}",
    # Dutch, Polish, Russian, Japanese, Chinese
    rf"uitschrijven|afmelden|(?:schrijf|meld|haal|verwijder) (?:me|mij|ons){MORE}",
    rf"(?:wypisz|usuń)(?:cie)? mnie{MORE}|wypisać|rezygnuję",
    "отписаться|отпишите меня",
    ".{0,10}(?:配信停止|配信を停止|登録解除|購読解除).{0,20}|退订|取消订阅",
)
REQUEST = re.compile(rf"(?:{PLEASE} )?(?:{'|'.join(REQUESTS)})", re.IGNORECASE)


def asks_to_unsubscribe(subject: str, text: str) -> bool:
    """Say whether the subject, or the first line after a greeting, contains only the request to get no more emails."""
    if _is_request(ANSWER.sub("", subject[:MAX_SUBJECT_CHARACTERS].strip())):
        return True
    if len(text) > MAX_TEXT_CHARACTERS:
        return False
    lines = [line for each in text.splitlines() if (line := " ".join(each.split()).strip(EDGES))]
    if len(lines) > 1 and GREETING.fullmatch(lines[0]):
        del lines[0]
    return bool(lines) and _is_request(lines[0])


def _is_request(line: str) -> bool:
    return REQUEST.fullmatch(" ".join(line.split()).strip(EDGES)) is not None
