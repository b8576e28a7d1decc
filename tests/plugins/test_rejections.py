"""What a rejection means: a dead address, an email that was not delivered, or a fault of ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.bounce_classification import MAX_TEXT_CHARACTERS, Phase, Verdict, classify, enhanced_status

HARD, SOFT, OURS = Verdict.HARD, Verdict.SOFT, Verdict.OURS

AT_RCPT = [
    # enhanced status
    ("550 5.1.1 <ann@x.example>: Recipient address rejected: User unknown in local recipient table", HARD),
    ("550 5.1.1 The sender has mistyped it: user unknown, see our spam policy", HARD),
    ("550 5.1.0 Address rejected", HARD),
    ("550 #5.1.0 Address rejected.", HARD),
    ("550 5.1.0 192.0.2.222 is not allowed to send per its SPF record", SOFT),
    ("550 5.1.0 Sender denied", OURS),
    ("550 5.1.2 bad destination host", HARD),
    ("501 5.1.3 bad destination address syntax", HARD),
    ("550 5.1.6 recipient no longer on server", HARD),
    ("553 5.1.7 bad sender", OURS),
    ("550 5.1.8 <g@y.example>: Sender address rejected: Domain not found", OURS),
    ("556 5.1.10 null MX", HARD),
    ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", HARD),
    ("550 5.1.351 Remote server returned unknown recipient or mailbox unavailable", HARD),
    ("550 5.1.90 Your message can't be sent because you've reached your daily limit", SOFT),
    ("550 5.2.0 something", SOFT),
    ("550 5.2.1 The email account that you tried to reach is disabled", SOFT),
    ("550 5.2.1 mailbox unavailable", SOFT),
    ("550 5.2.1 <ann@x.example>... User Unknown", HARD),
    ("552 5.2.2 mailbox full", SOFT),
    ("550 5.2.2 over quota: user unknown to accept", SOFT),
    ("552 5.3.4 too big", SOFT),
    ("550 5.4.4 unable to route", HARD),
    ("550 5.4.310 DNS domain x.example does not exist", HARD),
    ("550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [x.prod.protection.outlook.com]", HARD),
    ("550 5.4.1 no answer from host", SOFT),
    ("550 5.4.6 mail loop", SOFT),
    ("550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).", HARD),
    ("503 5.5.1 bad sequence", OURS),
    ("550 5.5.4 invalid parameter", OURS),
    ("550 5.6.7 non-ASCII addresses are not permitted", SOFT),
    ("554 5.7.1 spam", SOFT),
    ("550 5.7.1 IP address blacklisted by recipient", SOFT),
    ("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", SOFT),
    ("554 Sorry, no mailbox here by that name. (#5.1.1)", HARD),
    ("550 5.0.0 no", SOFT),
    ("550 4.1.1 unverified address", SOFT),
    # words alone
    ("550 User unknown", HARD),
    ("550 No such user here", HARD),
    ("550 no such\nuser", HARD),
    ("550 Requested action not taken: mailbox unavailable", HARD),
    ("550 <ann@x.example>: user unknown", HARD),
    ("550 Unknown user ann@x.example", HARD),
    ("550 ann@x.example... User not found", HARD),
    ("550 The email account that you tried to reach does not exist", HARD),
    ("550 mailbox <ann@x.example> doesn’t exist", HARD),
    ("550 Unrouteable address", HARD),
    ("550 Invalid recipient", HARD),
    ("554 delivery error: dd This user doesn't have a yahoo.com account (ann@yahoo.com) [0]", HARD),
    ("550 Host unknown", HARD),
    ("550 domain x.example does not exist", HARD),
    ("551 User not local; please try <ann@z.example>", HARD),
    ("551 we do not relay", SOFT),
    ("521 no", HARD),
    ("553 mailbox name not allowed", SOFT),
    ("550 no", SOFT),
    ("550 Relaying denied", SOFT),
    ("550 mailbox unavailable: over quota", SOFT),
    ("550 Mailbox unavailable or access denied - <ada@x.example>", SOFT),
    ("550 rejected: blocked because of 5.1.1.7", SOFT),
    ("550 listed at 203.0.5.1.1", SOFT),
    ("552 Requested mail action aborted: exceeded storage allocation", SOFT),
    ("554 Transaction failed", SOFT),
    ("550 Sender address rejected: User unknown in virtual mailbox table", OURS),
    ("550 sender verify failed", OURS),
    ("501 syntax error", OURS),
    ("555 unknown parameter", OURS),
    ("450 User unknown", SOFT),
    ("550 ", SOFT),
]


@pytest.mark.parametrize(("reply", "verdict"), AT_RCPT)
def test_at_the_recipient(reply: str, verdict: Verdict) -> None:
    assert classify(reply[4:], phase=Phase.RCPT, code=int(reply[:3])) is verdict


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("550 no", OURS),
        ("550 5.1.1 user unknown", OURS),
        ("553 5.1.8 no such domain", OURS),
        ("550 5.7.1 blocked", SOFT),
        ("552 5.3.4 too big", SOFT),
    ],
)
def test_a_rejected_sender_says_nothing_about_the_recipient(reply: str, verdict: Verdict) -> None:
    assert classify(reply[4:], phase=Phase.MAIL, code=int(reply[:3])) is verdict


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("554 Transaction failed", SOFT),
        ("554 5.7.1 spam", SOFT),
        ("550 no", SOFT),
        ("551 no", SOFT),
        ("550 5.1.1 user unknown", HARD),
        ("552 too large", SOFT),
        ("500 what?", OURS),
    ],
)
def test_after_the_content(reply: str, verdict: Verdict) -> None:
    assert classify(reply[4:], phase=Phase.CONTENT, code=int(reply[:3])) is verdict


@pytest.mark.parametrize(
    ("status", "text", "verdict"),
    [
        ("5.1.1", "", HARD),
        ("5.0.0", "smtp; 550 5.1.1 <ann@x.example>... User Unknown", HARD),
        ("5.1.1", "smtp; 550 5.7.1 IP address blacklisted", SOFT),
        ("5.1.1", "smtp; 552 5.2.2 Over quota", SOFT),
        ("5.4.7", "delivery time expired", SOFT),
        ("4.1.1", "User unknown", SOFT),
        ("5.1.10 (host/domain does not accept mail)", "", HARD),
        ("nonsense", "User unknown", HARD),
        (None, "", SOFT),
    ],
)
def test_a_report(status: str | None, text: str, verdict: Verdict) -> None:
    assert classify(text, phase=Phase.REPORT, status=status) is verdict


@pytest.mark.parametrize(
    "text",
    [
        "Der Empfänger ann@x.example ist unbekannt",
        "Das Postfach existiert nicht",
        "Adresse destinataire invalide",
        "L'utilisateur ann@x.example n'existe pas",
        "El usuario ann@x.example no existe",
        "Indirizzo ann@x.example sconosciuto",
        "O endereço ann@x.example não existe",
        "De ontvanger ann@x.example is onbekend",
        "Nieznany użytkownik ann@x.example",
        "Пользователь ann@x.example не найден",
        "收件人 ann@x.example 不存在",
        "宛先のアドレスは存在しません",
        "Der Host x.example wurde nicht gefunden",
        "Le domaine x.example n'existe pas",
        "ドメイン x.example が見つかりません",
        "No MX found for domain",
        "an MX or SRV record indicated no SMTP service",
        "User Ann Lee (ann@x.example) not listed in Domino Directory",
        "The recipient name is not recognized",
        "Invalid final delivery userid: ann@x.example",
    ],
)
def test_a_report_says_in_many_languages_that_nobody_has_the_address(text: str) -> None:
    assert classify(text, phase=Phase.REPORT) is HARD


@pytest.mark.parametrize(
    "text",
    [
        "Das Postfach des Empfängers ist voll",
        "La boîte aux lettres est pleine",
        "El buzón del usuario está lleno",
        "La casella è piena",
        "A caixa postal está cheia",
        "De mailbox is vol",
        "Skrzynka odbiorcy jest przepełniona",
        "Ящик получателя переполнен",
        "收件人的邮箱已满",
        "メールボックスがいっぱいです",
        "Host x.example not found, try again",
        "The account is disabled",
        "552 user unknown or mailbox is over quota",
        "550 5.2.1 <ann@x.example>... User Unknown",
        "550 5.7.1 User unknown",
    ],
)
def test_a_report_says_that_this_email_failed(text: str) -> None:
    assert classify(text, phase=Phase.REPORT) is SOFT


def test_a_full_mailbox_counts_more_than_a_status_that_says_unknown() -> None:
    assert classify("sorry, mailbox is over quota (#5.1.1)", phase=Phase.RCPT, code=552) is SOFT


def test_words_to_the_sender_are_not_about_a_rejected_sender() -> None:
    assert classify("Returned to sender: user unknown", phase=Phase.REPORT) is HARD


def test_a_user_that_is_in_no_table_is_unknown_although_the_code_is_temporary() -> None:
    text = "450 4.1.1 <ann@x.example>: Recipient address rejected: User unknown in virtual alias table"
    assert classify(text, phase=Phase.REPORT, code=450) is HARD
    assert classify(text, phase=Phase.RCPT, code=450) is SOFT


def test_the_status_in_a_text() -> None:
    assert enhanced_status("5.1.1 no") == "5.1.1"
    assert enhanced_status("no (#5.7.1)") == "5.7.1"
    assert enhanced_status("said: 550 5.2.2 full") == "5.2.2"
    assert enhanced_status("10.5.1.1 is blocked") is None
    assert enhanced_status("5.1.1.1 is blocked") is None


@given(st.text(), st.sampled_from(Phase), st.none() | st.integers(400, 599), st.none() | st.text())
def test_every_text_has_a_verdict(text: str, phase: Phase, code: int | None, status: str | None) -> None:
    verdict = classify(text, phase=phase, code=code, status=status)
    assert verdict in Verdict
    assert not (verdict is HARD and phase is Phase.MAIL)
    assert verdict is classify(
        text[:MAX_TEXT_CHARACTERS] + " user unknown" * (len(text) > MAX_TEXT_CHARACTERS),
        phase=phase,
        code=code,
        status=status,
    )


@pytest.mark.parametrize("text", ["user @" + "@" * 30_000, "user " * 6_000, "a" * 32_000, "no such " * 4_000])
def test_a_hostile_text_is_no_evidence(text: str) -> None:
    assert classify(text, phase=Phase.RCPT, code=550) is SOFT
