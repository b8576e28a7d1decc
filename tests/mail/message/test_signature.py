"""The signature of a sender in the templates of emails, and company names without their legal form."""

import pytest

from api.mail.company_names import friendly_company
from api.mail.message.compose import EmailContent
from api.mail.message.signature import NO_SIGNATURE, Signature, with_signature

GRACE = Signature("<p>Grace<br>Sales</p>", appended=True)


@pytest.mark.parametrize(
    ("html", "text", "signature", "expected"),
    [
        ("<p>Hi</p>", None, GRACE, ("<p>Hi</p>\n<p>Grace<br>Sales</p>", None)),
        ("<p>Hi</p>", "Hi\n", GRACE, ("<p>Hi</p>\n<p>Grace<br>Sales</p>", "Hi\n\nGrace\nSales\n")),
        ("<p>Hi</p>", "Hi\n", GRACE._replace(appended=False), ("<p>Hi</p>", "Hi\n")),
        ("a{{ my_signature }}b", "{{-my_signature-}}!", GRACE, ("a<p>Grace<br>Sales</p>b", "Grace\nSales!")),
        ("a{{my_signature}}", "Hi", GRACE._replace(appended=False), ("a<p>Grace<br>Sales</p>", "Hi")),
        ("a{{ my_signature }}b", "c{{ my_signature }}d", NO_SIGNATURE, ("ab", "cd")),
    ],
)
def test_a_template_places_the_signature_or_it_is_appended(
    html: str, text: str | None, signature: Signature, expected: tuple[str, str | None]
) -> None:
    signed = with_signature(EmailContent("S", html, text), signature)
    assert (signed.subject, signed.html, signed.text) == ("S", *expected)


def test_a_rep_s_text_stays_as_it_is() -> None:
    content = EmailContent("S", "<p>{{ my_signature }}</p>", None, final_html=True)
    assert with_signature(content, GRACE) is content


@pytest.mark.parametrize(
    ("company", "friendly"),
    [
        ("Engines, Inc.", "Engines"), ("ACME,Inc", "ACME"), ("Müller GmbH & Co. KG", "Müller"),
        ("Siemens AG", "Siemens"),
        ("Tiffany & Co.", "Tiffany"), ("Foo S.A.", "Foo"), ("Bar Pty Ltd", "Bar"), ("a, b, LLC ", "a, b"),
        ("Inc.", "Inc."), ("The Limited", "The Limited"), ("Such as", "Such as"),
        ("Marks & Spencer", "Marks & Spencer"),
        ("Red", "Red"), ("", ""),
    ],
)  # fmt: skip
def test_a_company_without_its_legal_form(company: str, friendly: str) -> None:
    assert friendly_company(company) == friendly
