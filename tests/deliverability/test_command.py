"""``touchline check`` against a real DNS server on loopback."""

import json

import pytest

from api.cli.parser import main
from tests.deliverability.test_records import GOOD
from tests.deliverability.zones import Zone, dns_server


@pytest.fixture
def server() -> Zone:
    return Zone(GOOD, {"x.example": [(10, "mx.x.example")]}, ["mx.x.example"], broken=["down.example"])


def test_good_records(server: Zone, capsys: pytest.CaptureFixture[str]) -> None:
    with dns_server(server) as address:
        assert main(["check", "sales@X.example", "--selector", "s1", "--dns", address]) == 0
    assert [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()] == [
        ["ok", "x.example receives mail at mx.x.example."],
        ["ok", "x.example has an SPF record with 1 DNS lookups (at most 10)."],
        ["ok", "x.example has a DKIM key for the selector s1."],
        ["ok", "_dmarc.x.example has a DMARC policy: p=reject."],
    ]


def test_problems_as_json(server: Zone, capsys: pytest.CaptureFixture[str]) -> None:
    with dns_server(server) as address:
        assert main(["check", "sales@mail.example", "--json", "--dns", address]) == 1
        assert main(["check", "sales@gone.example", "--json", "--dns", address]) == 1
        assert main(["check", "sales@down.example", "--json", "--dns", address]) == 1
    first, second, third = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert [each["code"] for each in first["findings"]] == [
        "MX_MISSING",
        "SPF_FOUND",
        "DKIM_NOT_FOUND",
        "DMARC_MISSING",
    ]
    assert (first["domain"], first["findings"][0]["subject"], first["findings"][0]["level"]) == (
        "mail.example",
        "MX",
        "PROBLEM",
    )
    assert [each["code"] for each in second["findings"]] == ["DOMAIN_UNKNOWN"]
    assert {each["code"] for each in third["findings"]} >= {"DNS_FAILED"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "nobody"], "@"),
        (["check", "a@x.example", "--dns", "nonsense"], "is not an IP address"),
        (["check", "a@x.example", "--dns", "127.0.0.1:0"], "is not a port"),
    ],
)
def test_wrong_arguments(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 1
    assert message in capsys.readouterr().err
