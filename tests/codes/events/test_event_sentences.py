"""The sentences of events: each kind in each language, with names, numbers and without either."""

import re

import pytest

from api.codes.events.crm_reasons import GERMAN_CRM_REASONS
from api.codes.events.event_kinds import EventKind
from api.codes.events.event_reasons import EVENT_REASONS
from api.codes.events.event_sentences import LANGUAGES, SENTENCES, VALUE, event_sentence
from api.codes.reasons.channel_faults import ChannelFault
from api.codes.reasons.outcome_reasons import ReasonCode
from plugins.codes import ChannelCode
from plugins.crms.codes import CrmCode

ADA, SPRING = "Ada Lovelace", "Spring"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_has_a_sentence(language: str) -> None:
    assert set(SENTENCES) == set(EventKind)
    for kind in EventKind:
        full = event_sentence(
            kind, language, ADA, SPRING, {"url": "https://a.example", "reason": "HELD", "type": "CALL"}
        )
        bare = event_sentence(kind, language, None, None, {})
        for text in (full, bare):
            assert "{" not in text, text
            assert "  " not in text, text
            assert text[:1].upper() == text[:1], text
        assert not re.search("Ada|Spring|HELD", bare)
        assert "None" not in bare


def test_the_values_of_a_sentence_are_those_of_its_kind() -> None:
    known = {"person", "campaign", "in_campaign", "reason", "due", "task", "raw_kind", "of_user", "next_try"}
    for kind, texts in SENTENCES.items():
        names = [{(found[1], found[2]) for found in VALUE.finditer(text)} for text in texts]
        assert names[0] == names[1], kind
        documented = set(re.findall(r"`(\w+)`", kind.data))
        assert {name for _, name in names[0]} - known <= documented, kind


def test_reasons_are_plain_words() -> None:
    assert {*ReasonCode, *ChannelCode, *ChannelFault} <= {*EVENT_REASONS}
    for words in EVENT_REASONS.values():
        assert words[0] != words[1]
        assert not re.search("[A-Z]{2}_|[.({]", " ".join(words))
    assert {*GERMAN_CRM_REASONS} == {*CrmCode}
    rejected = {"reason": CrmCode.ENTITY_IS_DELETED}
    wanted = "The CRM rejected a change (the record was deleted in the CRM)."
    assert event_sentence("CRM_WRITE_FAILED", "en", None, None, rejected) == wanted
    assert "(der Datensatz wurde im CRM gelöscht)" in event_sentence("CRM_WRITE_FAILED", "de", None, None, rejected)
    given = {"reason": "SMTP_550"}
    assert event_sentence("EMAIL_FAILED", "en", ADA, None, given).endswith("not sent (the mail server rejected it).")
    assert event_sentence("EMAIL_FAILED", "de", ADA, None, given).endswith("(der Mailserver hat sie abgelehnt).")
    deferred = event_sentence("EMAIL_DEFERRED", "de", ADA, None, {"reason": "THROTTLED"})
    assert "(der Absender hat sein Limit erreicht)" in deferred
    assert event_sentence("EMAIL_FAILED", "en", ADA, None, {"reason": "ACME_7"}).endswith("not sent (ACME_7).")


def test_sentences() -> None:
    counts = {"enrolled": 1, "leftOut": 3}
    imported = {"created": 0, "updated": 2, "skipped": 1, "failed": 5}
    assert [
        event_sentence("REPLIED", "en", ADA, SPRING, {}),
        event_sentence("REPLIED", "de", ADA, SPRING, {}),
        event_sentence("REPLIED", "de", None, None, {}),
        event_sentence("EMAIL_FAILED", "en", ADA, None, {"reason": "UNSUBSCRIBED"}),
        event_sentence("LAUNCH_FINISHED", "en", None, SPRING, counts),
        event_sentence("LAUNCH_FINISHED", "de", None, SPRING, counts),
        event_sentence("PEOPLE_IMPORTED", "en", None, None, imported),
        event_sentence("UNSUBSCRIBED", "en", None, None, {"email": "x@example.com"}),
        event_sentence("TASK_CREATED", "en", ADA, None, {"type": "CALL", "due": "2026-03-02"}),
        event_sentence("TASK_CREATED", "de", ADA, SPRING, {"type": "CALL", "due": "2026-03-02"}),
        event_sentence("CAMPAIGN_DELETED", "en", None, None, {"name": "Old"}),
        event_sentence("CAMPAIGN_ENDED", "en", ADA, SPRING, {"reason": "REPLIED"}),
        event_sentence("CAMPAIGN_ENDED", "en", ADA, SPRING, {"reason": "REPLIED", "success": True}),
        event_sentence("CAMPAIGN_ENDED", "de", ADA, SPRING, {"reason": "REPLIED", "success": True}),
        event_sentence("BOUNCED", "en", ADA, None, {"reason": "BOUNCED"}),
        event_sentence("ACME_CALL", "en", ADA, None, {}),
        event_sentence("REPLIED", "fr", "{name}", "{x}", {}),
    ] == [
        "Ada Lovelace replied in the campaign “Spring”.",
        "Ada Lovelace hat in der Kampagne „Spring“ geantwortet.",
        "Jemand hat geantwortet.",
        "An email to Ada Lovelace was not sent (the address has unsubscribed).",
        "The launch of the campaign “Spring” is finished: 1 person enrolled, 3 people left out.",
        "Der Start der Kampagne „Spring“ ist abgeschlossen: 1 Person aufgenommen, 3 Personen ausgelassen.",
        "An import is finished: 0 people added, 2 people updated, 1 row skipped, 5 rows refused.",
        "x@example.com unsubscribed from all emails.",
        "New call for Ada Lovelace, due on 2026-03-02.",
        "Neu: Anruf für Ada Lovelace in der Kampagne „Spring“, fällig am 2026-03-02.",
        "The campaign “Old” was deleted.",
        "The campaign “Spring” ended early for Ada Lovelace (the person replied).",
        "The campaign “Spring” ended as a success for Ada Lovelace.",
        "Die Kampagne „Spring“ endete für Ada Lovelace mit Erfolg.",
        "An email to Ada Lovelace bounced.",
        "ACME_CALL: an event of Ada Lovelace.",
        "{name} replied in the campaign “{x}”.",
    ]


def test_a_paused_account_says_when_it_is_tried_again() -> None:
    data = {"account": "smtp", "reason": "ACME_7", "until": "2026-03-02T09:15:30Z"}
    texts = [event_sentence("ACCOUNT_PAUSED", language, None, None, data) for language in ("en", "de")]
    assert texts == [
        "Emails wait, because an account does not work (ACME_7): smtp. The next try is at 2026-03-02 09:15 UTC.",
        "E-Mails warten, weil ein Konto nicht funktioniert (ACME_7): smtp. Der nächste Versuch ist am 2026-03-02 09:15 "
        "UTC.",
    ]
    assert event_sentence("ACCOUNT_PAUSED", "en", None, None, {"account": "smtp"}).endswith("not work: smtp.")
