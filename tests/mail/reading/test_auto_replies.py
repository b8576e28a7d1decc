"""Automatic answers and replies of people are told apart, in many languages, with and without headers."""

import pytest

from api.mail.reading import MailKind, read_mail
from tests.mail.reading.mails import mail

REPLIES = "In-Reply-To: <first@vendor.example>"
AUTOMATIC = {
    "en": ("Automatic reply: Lunch", "I am out of the office."),
    "de": ("Abwesenheitsnotiz: Lunch", "Ich bin nicht da"),
    "de2": ("Automatische Antwort: Lunch", "x"),
    "fr": ("Réponse automatique : Lunch", "x"),
    "es": ("Respuesta automática: Lunch", "x"),
    "it": ("Risposta automatica: Lunch", "x"),
    "nl": ("Automatisch antwoord: Lunch", "x"),
    "pt": ("Resposta automática: Lunch", "x"),
    "ja": ("自動返信: Lunch", "x"),
    "ja2": ("不在通知", "x"),
    "pl": ("Odpowiedź automatyczna: Lunch", "x"),
    "sv": ("Autosvar: Lunch", "x"),
    "sv2": ("Automatiskt svar: Lunch", "x"),
    "da": ("Automatisk svar: Lunch", "x"),
    "zh": ("自动回复: Lunch", "x"),
    "ru": ("Автоответ: Lunch", "x"),
    "ooo": ("Out of Office: Lunch", "x"),
    "ooo2": ("Out of the Office Re: Lunch", "x"),
    "ooo3": ("Ann Lee is out of the office", "x"),
    "ooo4": ("[Auto-Reply] Lunch", "x"),
    "autore": ("Auto: Re: Lunch", "x"),
    "ooo5": ("Out of office until 5 May", "x"),
    "ooore": ("Automatic reply: Re: Lunch", "x"),
    "t-en": (
        "Lunch",
        "Hi,\n\nI am currently out of the office until Monday. For urgent matters, contact bob@x.example.\n\nAnn",
    ),
    "t-de": (
        "Lunch",
        "Guten Tag,\n\nich bin bis 5. Mai nicht im Büro. In dringenden Fällen wenden Sie sich an bob@x.example.",
    ),
    "t-de2": ("Lunch", "Vielen Dank für Ihre E-Mail. Ich befinde mich derzeit im Urlaub."),
    "t-fr": ("Lunch", "Bonjour, je suis absent jusqu'au 5 mai. En cas d'urgence, contactez bob@x.example"),
    "t-fr2": ("Lunch", "Bonjour,\nJe suis actuellement en congés jusqu'au 5 mai."),
    "t-es": ("Lunch", "Estaré fuera de la oficina hasta el 5 de mayo."),
    "t-it": ("Lunch", "Sono fuori ufficio fino al 5 maggio."),
    "t-nl": ("Lunch", "Ik ben tot 5 mei niet aanwezig."),
    "t-pt": ("Lunch", "Estou ausente até 5 de maio."),
    "t-pt2": ("Lunch", "Olá, estarei fora do escritório até 5 de maio."),
    "t-ja": ("Lunch", "5月5日まで休暇を取得しております。お急ぎの方は..."),
    "t-pl": ("Lunch", "Jestem na urlopie do 5 maja."),
    "t-pl2": ("Lunch", "Dzień dobry, przebywam obecnie na urlopie."),
    "t-sv": ("Lunch", "Jag är på semester till den 5 maj."),
    "t-sv2": ("Lunch", "Hej, jag är inte på kontoret."),
    "re-vac": (
        "Re: Lunch",
        "I am out of the office until 5 May with limited access to email. In urgent cases contact bob@x.example.",
    ),
    "left": ("Lunch", "Ann no longer works for the company. Please contact bob@x.example."),
}
HEADERS = {
    "h1": "Auto-Submitted: auto-replied",
    "h2": "Auto-Submitted: auto-generated",
    "h3": "X-Autoreply: yes",
    "h4": "Precedence: auto_reply",
    "h5": "X-Autorespond: Re",
    "h6": "Precedence: bulk",
    "h7": "Return-Path: <>",
    "h8": "X-Auto-Response-Suppress: All",
    "h9": "Auto-Submitted: auto-replied (vacation)",
}
WRITTEN = {
    "talk": (
        "Re: Lunch",
        (
            "I'm out of office next week, let's talk after.\n\n"
            "On Mon, Mar 2, 2026 at 9:00 AM Rep <rep@vendor.example> wrote:\n> q"
        ),
    ),
    "talk2": ("Re: Lunch", "I'm out of the office next week, let's talk after."),
    "talk3": ("RE: Lunch", "I am on vacation until Monday. Can you send me the pricing when I return?"),
    "talkde": ("AW: Lunch", "Ich bin nächste Woche im Urlaub, lassen Sie uns danach sprechen."),
    "subj": ("Re: Out of office calendar tool", "Sounds good, tell me more."),
    "subj2": ("Re: Automatic reply demo", "Sounds good, tell me more."),
    "no": ("Re: Lunch", "No thanks."),
    "short": ("Lunch", "ok"),
    "supp": ("Re: Lunch", "Sure."),
    "quotebounce": ("Re: Lunch", "Our mail could not be delivered to you yesterday, user unknown. Did you get it?"),
    "holidayq": ("Re: Holiday", "We are on holiday pay here, sounds interesting"),
}


@pytest.mark.parametrize(("subject", "text"), AUTOMATIC.values(), ids=AUTOMATIC)
def test_an_absence_notice_is_known_by_its_words(subject: str, text: str) -> None:
    assert read_mail(mail(REPLIES, Subject=subject, body=text)).kind is MailKind.AUTO_REPLY


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_an_automatic_answer_is_known_by_its_header(header: str) -> None:
    text = "I am on holiday and read mail when I return."
    assert read_mail(mail(REPLIES, header, Subject="Re: Lunch", body=text)).kind is MailKind.AUTO_REPLY


@pytest.mark.parametrize(("subject", "text"), WRITTEN.values(), ids=WRITTEN)
def test_a_person_who_says_that_they_are_away_replies(subject: str, text: str) -> None:
    assert read_mail(mail(REPLIES, Subject=subject, body=text)).kind is MailKind.REPLY


@pytest.mark.parametrize(
    ("kind", "headers", "subject"),
    [
        (MailKind.OTHER, ("List-Id: <news.example>", "List-Unsubscribe: <mailto:out@news.example>"), "News"),
        (MailKind.OTHER, (), "A new question"),
        (MailKind.OTHER, ("Auto-Submitted: auto-generated",), "Your invoice"),
        (MailKind.REPLY, (), "AW: Lunch"),
        (MailKind.REPLY, ("Delivered-To: bounces+abc@vendor.example",), "Lunch"),
        (MailKind.REPLY, (REPLIES, "List-Id: <sales.customer.example>"), "Re: Lunch"),
        (MailKind.REPLY, (REPLIES, "X-Auto-Response-Suppress: DR, OOF, AutoReply"), "Re: Lunch"),
        (MailKind.REPLY, (REPLIES, "Auto-Submitted: no"), "Re: Lunch"),
    ],
)
def test_headers_and_subject_show_whether_a_person_answers(
    kind: MailKind, headers: tuple[str, ...], subject: str
) -> None:
    assert read_mail(mail(*headers, Subject=subject, body="Fine.")).kind is kind


@pytest.mark.parametrize("header", ["Return-Path: <>", "Auto-Submitted: auto-replied"])
def test_an_absence_notice_that_mentions_a_failure_is_no_bounce(header: str) -> None:
    text = "I am out of the office. Your mail is not forwarded and could not be delivered to bob@customer.example."
    for subject in ("Lunch", "Automatic reply: Lunch", "Undeliverable: Lunch"):
        assert read_mail(mail(REPLIES, header, Subject=subject, body=text)).kind is MailKind.AUTO_REPLY


def test_a_person_who_writes_about_a_failure_is_no_bounce() -> None:
    text = "My mail to bob@vendor.example could not be delivered: user unknown. What is his address?"
    for subject in ("Re: Lunch", "Re: Undeliverable: Lunch"):
        assert read_mail(mail(REPLIES, Subject=subject, body=text)).kind is MailKind.REPLY
