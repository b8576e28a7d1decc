"""Logins are redacted as whole values, and ordinary words stay."""

import base64

import pytest

from plugins.channels.smtp.url import parse
from plugins.server_accounts.secrets import redact


@pytest.mark.parametrize("password", ["a", "25", "5", "is", "log", "pass", "user", "er"])
def test_a_short_password_garbles_no_sentence(password: str) -> None:
    text = "535 5.7.8 bad credentials at 192.0.2.25: 25 users, a passing log is in userland"
    told = redact(text, "rep", [password])
    assert told == text or (len(password) >= 4 and told.count("***") <= 1)
    assert "credenti***ls" not in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("bad password s3cret.", "bad password ***."),
        ("bad password 's3cret'", "bad password '***'"),
        ("s3crets are not shown", "s3crets are not shown"),
        ("rep:s3cret@host", "rep:***@host"),
        ("AUTH PLAIN AHJlcABzM2NyZXQ=", "AUTH PLAIN ***"),
        ("AUTH PLAIN AHJlcABzM2NyZXQ", "AUTH PLAIN ***"),
        ("got czNjcmV0 here", "got *** here"),
    ],
)
def test_whole_values(text: str, told: str) -> None:
    assert redact(text, "rep", ["s3cret"]) == told


@pytest.mark.parametrize("text", ["password 'a'", "pass=a", "password: a", "<a>", "password: a."])
def test_a_short_password_is_redacted_where_it_is_marked(text: str) -> None:
    assert "***" in redact(text, "rep", ["a"])


def test_forms_of_a_url_and_of_logins() -> None:
    settings = parse("smtp://rep:p%40ss%20w@host")
    login = base64.b64encode(b"\0rep\0p@ss w").decode()
    assert settings.tidy(f"{login} p@ss w p%40ss%20w smtp://rep:p%40ss%20w@host") == "*** *** *** smtp://rep:***@host"
    assert settings.tidy("nothing") == "nothing"
    assert redact("text", None, ["", ""]) == "text"
