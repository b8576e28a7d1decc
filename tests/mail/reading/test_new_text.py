"""The new text of a reply has neither the quoted mail nor the signature."""

import pytest

from api.mail.reading import MailKind, read_mail
from tests.mail.reading.mails import mail

REPLIES = "In-Reply-To: <first@vendor.example>"
ENDS = {
    "en": "On Mon, Mar 2, 2026 at 9:00 AM Rep <rep@vendor.example> wrote:\n> q",
    "en2": "On Mon, Mar 2, 2026 at 9:00 AM Rep Long Name From Vendor\n<rep@vendor.example> wrote:\n\n> q",
    "de": "Am 02.03.2026 um 09:00 schrieb Rep <rep@vendor.example>:\n> q",
    "de2": "Am Mo., 2. März 2026 um 09:00 Uhr schrieb Rep <\nrep@vendor.example>:\n> q",
    "fr": "Le lun. 2 mars 2026 à 09:00, Rep <rep@vendor.example> a écrit :\n> q",
    "es": "El lun, 2 mar 2026 a las 9:00, Rep (<rep@vendor.example>) escribió:\n> q",
    "it": "Il giorno lun 2 mar 2026 alle ore 09:00 Rep <rep@vendor.example> ha scritto:\n> q",
    "pt": "Em seg., 2 de mar. de 2026 às 09:00, Rep <rep@vendor.example> escreveu:\n> q",
    "nl": "Op ma 2 mrt 2026 om 09:00 schreef Rep <rep@vendor.example>:\n> q",
    "pl": "pon., 2 mar 2026 o 09:00 Rep <rep@vendor.example> napisał(a):\n> q",
    "sv": "Den mån 2 mars 2026 kl 09:00 skrev Rep <rep@vendor.example>:\n> q",
    "ja": "2026年3月2日(月) 9:00 Rep <rep@vendor.example>:\n> q",
    "zh": "Rep <rep@vendor.example> 于2026年3月2日周一 09:00写道：\n> q",
    "ru": "пн, 2 мар. 2026 г. в 09:00, Rep <rep@vendor.example>:\n> q",
    "ru2": "2 марта 2026 г., в 09:00, Rep <rep@vendor.example> написал(а):\n> q",
    "da": "Den man. 2. mar. 2026 kl. 09.00 skrev Rep <rep@vendor.example>:\n> q",
    "cs": "po 2. 3. 2026 v 9:00 odesílatel Rep <rep@vendor.example> napsal:\n> q",
    "outlook": (
        "________________________________\nFrom: Rep <rep@vendor.example>\n"
        "Sent: Monday, March 2, 2026 9:00\nTo: Ann\nSubject: Lunch\n\nq"
    ),
    "outlook2": "From: Rep <rep@vendor.example>\nSent: Monday, March 2, 2026 9:00\nTo: Ann\nSubject: Lunch\n\nq",
    "outlookde": "Von: Rep <rep@vendor.example>\nGesendet: Montag, 2. März 2026 09:00\nAn: Ann\nBetreff: Lunch\n\nq",
    "outlookfr": "De : Rep <rep@vendor.example>\nEnvoyé : lundi 2 mars 2026 09:00\nÀ : Ann\nObjet : Lunch\n\nq",
    "outlookes": (
        "De: Rep <rep@vendor.example>\nEnviado el: lunes, 2 de marzo de 2026 9:00\nPara: Ann\nAsunto: Lunch\n\nq"
    ),
    "outlookja": "差出人: Rep <rep@vendor.example>\n送信日時: 2026年3月2日 9:00\n宛先: Ann\n件名: Lunch\n\nq",
    "outlookfi": "Lähettäjä: Rep\nLähetetty: 2. maaliskuuta 2026 9.00\nVastaanottaja: Ann\nAihe: Lunch\n\nq",
    "outlookcs": "Od: Rep\nOdesláno: pondělí 2. března 2026 9:00\nKomu: Ann\nPředmět: Lunch\n\nq",
    "outlookhu": "Feladó: Rep\nElküldve: 2026. március 2., hétfő 9:00\nCímzett: Ann\nTárgy: Lunch\n\nq",
    "outlooktr": "Kimden: Rep\nGönderildi: 2 Mart 2026 Pazartesi 09:00\nKime: Ann\nKonu: Lunch\n\nq",
    "outlookko": "보낸 사람: Rep\n보낸 날짜: 2026년 3월 2일 월요일 오전 9:00\n받는 사람: Ann\n제목: Lunch\n\nq",
    "outlookro": "De la: Rep\nTrimis: luni, 2 martie 2026 09:00\nCătre: Ann\nSubiect: Lunch\n\nq",
    "outlookel": "Από: Rep\nΣτάλθηκε: Δευτέρα, 2 Μαρτίου 2026 9:00\nΠρος: Ann\nΘέμα: Lunch\n\nq",
    "outlookuk": "Від: Rep\nНадіслано: 2 березня 2026 р. 9:00\nКому: Ann\nТема: Lunch\n\nq",
    "outlookhe": "מאת: Rep\nנשלח: יום שני 02 מרץ 2026 09:00\nאל: Ann\nנושא: Lunch\n\nq",
    "outlookar": "من: Rep\nتم الإرسال: 2 مارس\nإلى: Ann\nالموضوع: Lunch\n\nq",
    "orig": "-----Original Message-----\nFrom: Rep\n\nq",
    "origde": "-----Ursprüngliche Nachricht-----\nVon: Rep\n\nq",
    "sig": "-- \nAnn Lee\nCEO",
    "iphone": "Sent from my iPhone",
    "iphonede": "Von meinem iPhone gesendet",
    "ifr": "Envoyé de mon iPhone",
    "ios": "Get Outlook for iOS",
    "ijp": "iPhoneから送信",
    "apple": "> On 2 Mar 2026, at 09:00, Rep <rep@vendor.example> wrote:\n> \n> q",
    "yahoo": "On Monday, March 2, 2026 at 09:00:00 AM GMT, Rep <rep@vendor.example> wrote:\n\n q without marks",
    "proton": "------- Original Message -------\nRep wrote:\nq",
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_quotes_and_signatures_are_left_out(end: str) -> None:
    reading = read_mail(mail(REPLIES, body=f"Yes, gladly.\n\nSee you!\n\n{end}"))
    assert (reading.kind, reading.text) == (MailKind.REPLY, "Yes, gladly.\n\nSee you!")


@pytest.mark.parametrize("prefix", ["ΑΠ", "תשובה", "رد", "YNT", "ATS", "ตอบ", "Trả lời"])
def test_a_subject_that_begins_with_re_in_its_language_answers(prefix: str) -> None:
    assert read_mail(mail(Subject=f"{prefix}: Lunch", body="Yes.")).kind is MailKind.REPLY


def test_text_between_and_below_quotes_stays() -> None:
    body = "On Mon, 2 Mar 2026 Rep <rep@vendor.example> wrote:\n> Lunch?\n\nYes.\n\n> When?\n\nNoon."
    assert read_mail(mail(REPLIES, body=body)).text == "Yes.\n\nNoon."


def test_ordinary_lines_are_no_quotes() -> None:
    body = "I wrote:\nnot much\n\nFrom: here to there\n\nBest: Ann"
    assert read_mail(mail(REPLIES, body=body)).text == body


def test_an_html_reply_loses_the_quote_of_its_mail_program() -> None:
    body = """<html><head><style>p {color: red}</style></head><body><div dir="ltr">Yes,<br>gladly &amp; soon.</div>
<div class="gmail_quote"><div class="gmail_attr">On Monday Rep wrote:<br></div><blockquote>Lunch?</blockquote></div>"""
    reading = read_mail(mail(REPLIES, "Content-Type: text/html; charset=utf-8", body=body))
    assert reading.text == "Yes,\ngladly & soon."


def test_text_in_other_charsets_is_decoded() -> None:
    data = mail(REPLIES, "Content-Type: text/plain; charset=iso-8859-1", "Content-Transfer-Encoding: quoted-printable")
    assert read_mail(data + b"Sch=F6n").text == "Schön"
    japanese = mail(REPLIES, "Content-Type: text/plain; charset=iso-2022-jp") + "はい".encode("iso-2022-jp")
    assert read_mail(japanese).text == "はい"


def test_preformatted_html_keeps_its_lines() -> None:
    html = "<html><body><pre>Yes, call me:\n  030 1234\n\nOn Mon, Rep wrote:\n&gt; Lunch?\n</pre></body></html>"
    answer = mail("In-Reply-To: <1@vendor.example>", "Content-Type: text/html; charset=utf-8", body=html)
    assert read_mail(answer).text == "Yes, call me:\n 030 1234"
