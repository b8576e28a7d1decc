"""Mails that say nothing but that somebody wants no more emails, and mails that say more."""

import pytest

from api.mail.unsubscribing.plain_requests import asks_to_unsubscribe


@pytest.mark.parametrize(
    "text",
    [
        "unsubscribe", "UNSUBSCRIBE!", "Unsubscribe me", "Please unsubscribe me from this list.", "stop", "STOP.",
        "please remove me", "Remove me from your mailing list", "Take me off your list, thanks", "opt-out", "Opt out",
        "Stop emailing me.", "Don't contact me again", "no more emails please",
        "Hello Grace,\n\nplease remove me.\n\nAda",
        "Abmelden", "Bitte streichen Sie mich aus der Liste", "Bitte nehmen Sie mich aus dem Verteiler.",
        "Guten Tag,\nbitte melden Sie mich ab.", "Keine weiteren E-Mails", "Désinscription",
        "Merci de me désinscrire", "Désabonnez-moi de cette liste", "Por favor, dame de baja", "Darme de baja",
        "Cancellatemi dalla lista", "Disiscrivimi", "Cancelar inscrição", "Graag uitschrijven", "Uitschrijven",
        "Proszę wypisać", "Wypisz mnie z listy", "отписаться", "配信停止してください", "退订",
    ],
)  # fmt: skip
def test_requests(text: str) -> None:
    assert asks_to_unsubscribe("Re: Hi you", text)
    assert asks_to_unsubscribe(f"AW: {text.splitlines()[-1]}", "") or "\n" in text


@pytest.mark.parametrize(
    "text",
    [
        "", "Yes, call me.", "How do I unsubscribe my customers with your product?", "unsubscribed users: 12",
        "Stop by on Monday.", "Please remove my colleague Bob and write to me instead.", "Our list, please.",
        "We do not write to them.", "Call me.\n\nUnsubscribe", "unsubscribe " + "x" * 400,
        "Baja California sounds good.", "Don't send me the old deck.", "Do not contact me on Monday, I am away.",
        "Can you remove me from the meeting?", "Abmeldungen nehmen wir am Empfang entgegen, kommen Sie vorbei.",
    ],
)  # fmt: skip
def test_other_texts(text: str) -> None:
    assert not asks_to_unsubscribe("Re: Hi you", text)
