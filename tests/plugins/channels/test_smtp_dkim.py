"""The channel "smtp" signs with DKIM: a verifier accepts the emails that a real server got."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from plugins import AccountUnavailableError, Outcome, Outgoing
from plugins.channels.smtp.channel import SmtpChannel, check_accounts
from plugins.channels.smtp.dkim_keys import read_keys
from plugins.channels.smtp.dkim_signing import DkimSigner, sender_domain
from tests.plugins.channels.test_smtp_server import Mailbox, serve

Make = Callable[..., Outgoing]
MESSAGE = (
    b"From: Rep <rep@example.org>\r\nTo: ann@example.com\r\nSubject: Lunch\r\n"
    b"Date: Mon, 02 Mar 2026 10:00:00 +0000\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
    b"List-Unsubscribe: <https://example.org/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b'Content-Type: text/plain; charset="utf-8"\r\n\r\n.Hello\r\n\r\nAnn \r\n'
)

SHORT = b"""-----BEGIN PRIVATE KEY-----
MIIBVQIBADANBgkqhkiG9w0BAQEFAASCAT8wggE7AgEAAkEA4Ix1q/06YosX8Al9
MYDzYma3lgjsBPUV8eOPhk+iSFXOHsFrAFVTvARW3tlGFf41t1yi3y/yX+6fYeuR
dS79pwIDAQABAkEA1YldQcBfbGTfz7oGXzREv3f07+3uHMzBILWJwG0sY2HFl0Kh
lSbBxG172lTQllHKlT+ndcscFzXXKG5cEbJ6aQIhAPdCdGEwgNpAIyN/fC0qq1fv
YpFECOc089bQARMaomaTAiEA6Hx8QZccQobx0rdw3iJkpxzNdgktXq7WyndyyXDl
hR0CIBUTMvw9uB3iLZyO9zSaWHRsUQh0thWO6+G5ZP4N3R3FAiAnH9P1Yc3CsFz/
3hkjeNxBd0poY9D7zyaceg+aMOKfTQIhAJusTHiSAR3Wbm4x+OlAfLr7LWFqpede
fRm1uYI2rfnX
-----END PRIVATE KEY-----
"""
"""An RSA key with 512 bits, only for the test."""


class Key:
    """A key in a file, and its record in the DNS."""

    def __init__(self, folder: Path, kind: str, bits: int = 2_048) -> None:
        private = rsa.generate_private_key(65_537, bits) if kind == "rsa" else ed25519.Ed25519PrivateKey.generate()
        self.file = folder / f"{kind}{bits}.pem"
        self.file.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        shown = base64.b64encode(public if kind == "rsa" else public[-32:]).decode()
        self.record = f"v=DKIM1; k={kind}; p={shown}".encode()

    def environment(self, name: str = "", domain: str = "example.org") -> dict[str, str]:
        end = f"_{name}" if name else ""
        values = {"KEY": str(self.file), "DOMAIN": domain, "SELECTOR": "s1"}
        return {f"TOUCHLINE_DKIM_{each}{end}": value for each, value in values.items()}


@pytest.fixture(scope="module", params=["rsa", "ed25519"])
def key(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Key:
    return Key(tmp_path_factory.mktemp("dkim"), request.param)


def verified(message: bytes, record: bytes) -> bool:
    return bool(dkim.verify(message, dnsfunc=lambda name, timeout=5: record if b"s1._domainkey" in name else None))


async def test_a_real_server_gets_an_email_whose_signature_is_valid(key: Key, permission: Any) -> None:
    mailbox = Mailbox()
    async with serve(mailbox) as port:
        environment = {"TOUCHLINE_SMTP_URL": f"smtp://127.0.0.1:{port}?security=none", **key.environment()}
        async with SmtpChannel(environment).connect({}) as session:
            for sender in (b"rep@example.org", b"rep@sales.EXAMPLE.org", b"rep@other.example"):
                message = MESSAGE.replace(b"rep@example.org", sender)
                receipt = await session.deliver(
                    Outgoing("snd_1", "bounces@example.org", "ann@example.com", message), permission
                )
                assert receipt.outcome is Outcome.SENT
    received = [bytes(envelope.original_content or b"") for envelope in mailbox.envelopes]
    assert [verified(each, key.record) for each in received] == [True, True, False]
    assert [each.count(b"DKIM-Signature:") for each in received] == [1, 1, 0]


def test_changed_headers_and_bodies_are_not_valid(key: Key) -> None:
    signed = DkimSigner(read_keys(key.environment())).signature(MESSAGE) + MESSAGE
    assert verified(signed, key.record)
    for old, new in (
        (b"/u>", b"/v>"),
        (b"One-Click", b"Two-Clicks"),
        (b"Hello", b"Hallo"),
        (b"Subject: Lunch", b"Subject: Dinner"),
        (b"From: Rep", b"From: boss@example.org\r\nFrom: Rep"),
    ):
        assert not verified(signed.replace(old, new), key.record)


def test_the_key_of_the_most_precise_domain_signs(key: Key) -> None:
    environment = key.environment() | key.environment("SALES", "sales.example.org")
    signature = DkimSigner(read_keys(environment)).signature(MESSAGE.replace(b"rep@", b"rep@eu.sales."))
    assert b"d=sales.example.org" in signature


@pytest.mark.parametrize(
    ("head", "domain"),
    [
        (b"From: a@X.Example", "x.example"),
        (b"Subject: a\r\nFROM: A <a@x.example>", "x.example"),
        (b'From: "a@evil.example"\r\n <a@x.example>', "x.example"),
        ("From: a@müller.example".encode(), "xn--mller-kva.example"),
        (b"X-From: a@x.example", ""),
        (b"From: nobody", ""),
    ],
)
def test_the_domain_of_the_sender(head: bytes, domain: str) -> None:
    assert sender_domain(head) == domain


def test_rsa_is_not_computed_in_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """dkimpy's own RSA takes milliseconds, and holds up everything else in the process."""

    def fail(*_arguments: object) -> bytes:
        raise AssertionError

    key = Key(tmp_path, "rsa")
    monkeypatch.setattr("dkim.RSASSA_PKCS1_v1_5_sign", fail)
    signature = DkimSigner(read_keys(key.environment())).signature(MESSAGE)
    assert b"a=rsa-sha256;" in signature
    assert verified(signature + MESSAGE, key.record)


def test_an_rsa_key_in_the_older_format_signs(tmp_path: Path) -> None:
    key, private = Key(tmp_path, "rsa"), rsa.generate_private_key(65_537, 1_024)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    key.file.write_bytes(b"The key of example.org\r\n\r\n" + pem.replace(b"\n", b"\r\n"))
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signature = DkimSigner(read_keys(key.environment())).signature(MESSAGE)
    assert verified(signature + MESSAGE, b"v=DKIM1; k=rsa; p=" + base64.b64encode(public))


def test_keys_with_a_passphrase_and_keys_of_other_kinds_are_refused(tmp_path: Path, key: Key) -> None:
    private = rsa.generate_private_key(65_537, 1_024)
    for pem in (
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")),
        private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"secret")),
        ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ):
        (tmp_path / "other.pem").write_bytes(pem)
        with pytest.raises(ValueError, match="not an RSA or Ed25519 key without a passphrase"):
            read_keys(key.environment() | {"TOUCHLINE_DKIM_KEY": str(tmp_path / "other.pem")})


def test_wrong_settings_are_refused_at_the_start(tmp_path: Path, key: Key) -> None:
    (tmp_path / "text.pem").write_text("secret words")
    (tmp_path / "broken.pem").write_text("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
    good = key.environment()
    for change, message in (
        (
            {"TOUCHLINE_DKIM_KEY": str(tmp_path / "missing.pem")},
            "TOUCHLINE_DKIM_KEY cannot be used. The file cannot be",
        ),
        ({"TOUCHLINE_DKIM_KEY": str(tmp_path / "text.pem")}, "no private key in PEM format"),
        ({"TOUCHLINE_DKIM_KEY": str(tmp_path / "broken.pem")}, "not an RSA or Ed25519 key"),
        ({"TOUCHLINE_DKIM_DOMAIN": ""}, "TOUCHLINE_DKIM_DOMAIN must be the domain"),
        ({"TOUCHLINE_DKIM_SELECTOR": "a b"}, "TOUCHLINE_DKIM_SELECTOR must be the selector"),
        (key.environment("B"), "TOUCHLINE_DKIM_DOMAIN_B cannot be used. Another DKIM key"),
    ):
        with pytest.raises(ValueError) as refused:
            check_accounts(good | change)
        assert message in str(refused.value)
        assert "secret" not in str(refused.value)
        assert "c2VjcmV0" not in str(refused.value)


def test_a_short_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short.pem").write_bytes(SHORT)
    with pytest.raises(ValueError, match="has 512 bits"):
        read_keys(
            {
                "TOUCHLINE_DKIM_KEY": str(tmp_path / "short.pem"),
                "TOUCHLINE_DKIM_DOMAIN": "x.example",
                "TOUCHLINE_DKIM_SELECTOR": "s1",
            }
        )


async def test_a_key_that_disappears_makes_the_account_unavailable(tmp_path: Path) -> None:
    lost = Key(tmp_path, "ed25519")
    environment = {"TOUCHLINE_SMTP_URL": "smtp://127.0.0.1:1?security=none", **lost.environment()}
    lost.file.unlink()
    with pytest.raises(AccountUnavailableError) as refused:
        async with SmtpChannel(environment).connect({}):
            pass
    assert (refused.value.code, refused.value.here) == ("NOT_CONFIGURED", True)


async def test_an_email_that_cannot_be_signed_fails_and_is_not_sent(
    key: Key, permission: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> bytes:
        raise dkim.MessageFormatError("no colon")

    monkeypatch.setattr(dkim.DKIM, "sign", fail)
    mailbox = Mailbox()
    async with serve(mailbox) as port:
        environment = {"TOUCHLINE_SMTP_URL": f"smtp://127.0.0.1:{port}?security=none", **key.environment()}
        async with SmtpChannel(environment).connect({}) as session:
            outgoing = Outgoing("snd_1", "bounces@example.org", "ann@example.com", MESSAGE)
            receipt = await session.deliver(outgoing, permission)
    assert (receipt.outcome, receipt.code, mailbox.envelopes) == (Outcome.FAILED, "DKIM_FAILED", [])


def test_a_key_is_not_shown(key: Key) -> None:
    [found] = read_keys(key.environment())
    assert "private_key" not in repr(found)
