"""What a package's CRM may declare, and which URLs of a CRM a server calls."""

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest

from plugins import AccessField, AccessFieldKind, ConnectWay, Crm, CrmAccess, CrmHost, CrmSession
from plugins.crms.urls import allows_loopback, url_fault
from plugins.loading.declaration_checks import UnusableError
from plugins.loading.extension_points import CRMS
from plugins.loading.hook_results import check

URL = AccessField("url", AccessFieldKind.URL, {"en": "URL"})
KEY = AccessField("key", AccessFieldKind.PRIVATE_KEY, {"en": "Key"})
KIND = AccessField("kind", AccessFieldKind.CHOICE, {"en": "Kind"}, default="a", choices=("a", "b"))
WAY = ConnectWay("token", {"en": "Token"}, [URL, KEY, KIND])


class Rolodex(Crm):
    key = "rolodex"
    labels = {"en": "Rolodex"}
    ways = [WAY]

    def open(self, access: CrmAccess, host: CrmHost) -> AbstractAsyncContextManager[CrmSession]:
        raise NotImplementedError


def declared(**declarations: Any) -> Crm:
    made = type("Rolodex", (Rolodex,), declarations)
    return check(CRMS, made())


def test_a_crm_is_registered_with_plain_declarations() -> None:
    found = declared()
    assert (found.key, found.doubt_seconds, found.deletions_days) == ("rolodex", 660, 15)
    assert found.ways == (replace(WAY, fields=(URL, KEY, KIND)),)
    assert [field.is_secret for field in found.ways[0].fields] == [False, True, False]


@pytest.mark.parametrize(
    ("declarations", "said"),
    [
        ({"ways": []}, "ways is empty"),
        ({"ways": "token"}, "ways is not a list"),
        ({"ways": [1]}, "ways has a int, not a ConnectWay"),
        ({"ways": [WAY, WAY]}, "ways has 'token' twice"),
        ({"ways": [replace(WAY, key="a b")]}, "has the key 'a b', which is not an identifier"),
        ({"ways": [replace(WAY, labels={})]}, "way 'token', has no labels[\"en\"]"),
        ({"ways": [replace(WAY, fields=[URL, URL])]}, "fields has 'url' twice"),
        ({"ways": [replace(WAY, fields=[replace(URL, kind="URL")])]}, "kind that is not an AccessFieldKind"),
        ({"ways": [replace(WAY, fields=[replace(URL, choices=["a"])])]}, "must have choices if its kind is CHOICE"),
        ({"ways": [replace(WAY, fields=[replace(KIND, choices=())])]}, "must have choices if its kind is CHOICE"),
        ({"ways": [replace(WAY, fields=[replace(KIND, default="c")])]}, "cannot have this default"),
        ({"ways": [replace(WAY, fields=[replace(KEY, default="c")])]}, "cannot have this default"),
        ({"ways": [replace(WAY, asks_consent=1)]}, "neither True nor False"),
        ({"doubt_seconds": 0}, "doubt_seconds must be a number from 1 to 86,400"),
        ({"deletions_days": True}, "deletions_days must be a number from 1 to 3,650"),
    ],
)
def test_declarations_that_cannot_be_used_are_named(declarations: dict[str, Any], said: str) -> None:
    with pytest.raises(UnusableError) as refused:
        declared(**declarations)
    assert said in str(refused.value)


PUBLIC = ("https://login.salesforce.com", "https://acme--dev.sandbox.my.salesforce.com/", "https://crm.example:8443")
OWN = ("http://127.0.0.1:8080", "http://localhost", "https://[::1]:1", "http://a.localhost", "http://127.1.2.3")
REFUSED = (
    "",
    "http://login.salesforce.com",
    "ftp://login.salesforce.com",
    "login.salesforce.com",
    "https://",
    "https://user:password@crm.example",
    "https://@crm.example",
    "https://crm.example/path",
    "https://crm.example?q",
    "https://crm.example?",
    "https://crm.example#",
    "https://crm.example\\@evil.example",
    "https://crm.example:99999",
    "https://crm.example:0",
    "https://crm\n.example",
    "https://crm .example",
    "https://crmé.example",
    "https://crm",
    "https://db.internal",
    "https://printer.local",
    "https://router.home.arpa.",
    "https://10.0.0.1",
    "https://192.168.1.1",
    "https://169.254.169.254",
    "https://[fd00::1]",
    "https://[::ffff:10.0.0.1]",
    "https://[::ffff:127.0.0.1]",
    "https://0.0.0.0",
    "https://2130706433",
    "https://0x7f.1",
    "https://127.1",
    "https://[::1",
    f"https://{'a' * 500}.example",
)


def test_only_public_hosts_are_called_over_https() -> None:
    for loopback in (False, True):
        assert [url for url in PUBLIC if url_fault(url, loopback=loopback)] == []
        assert [url for url in REFUSED if not url_fault(url, loopback=loopback)] == []
    assert [url for url in OWN if url_fault(url, loopback=True)] == []
    for url in OWN:
        assert "TOUCHLINE_CRM_LOOPBACK=on" in str(url_fault(url, loopback=False))
    assert allows_loopback({"TOUCHLINE_CRM_LOOPBACK": "on"})
    assert not allows_loopback({})
