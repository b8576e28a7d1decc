"""Each kind of record is judged by its rules."""

import base64

import pytest

from api.codes.reasons.deliverability import DnsCode
from api.deliverability.findings import Finding, Level
from api.deliverability.sender_check import check_domain
from tests.deliverability.zones import Zone

RSA_2048 = base64.b64encode(b"\x30" * 294).decode()
RSA_1024 = base64.b64encode(b"\x30" * 162).decode()
RSA_512 = base64.b64encode(b"\x30" * 94).decode()
ED25519 = base64.b64encode(b"\x11" * 32).decode()
GOOD = {
    "x.example": ["v=spf1 include:mail.example -all", "other=1"],
    "mail.example": ["v=spf1 ip4:192.0.2.0/24 ~all"],
    "s1._domainkey.x.example": [f"v=DKIM1; k=rsa; p={RSA_2048}"],
    "_dmarc.x.example": ["v=DMARC1; p=reject; rua=mailto:d@x.example"],
}


def findings(zone: Zone, selectors: tuple[str, ...] = ("s1",), envelope: str = "x.example") -> list[Finding]:
    return check_domain(zone, "x.example", selectors=selectors, envelope=envelope)


def codes(texts: dict[str, list[str]], **zone: object) -> list[DnsCode]:
    servers = {"servers_by_name": {"x.example": [(10, "mx.x.example")]}, "hosts": ["mx.x.example"]}
    return [each.code for each in findings(Zone(GOOD | texts, **(servers | zone)))]  # type: ignore[arg-type]


def spf(record: str, **others: list[str]) -> list[DnsCode]:
    texts = {"x.example": [record]} | {name.replace("_", "."): value for name, value in others.items()}
    return [code for code in codes(texts) if code.value.startswith("SPF")]


def test_good_records_have_no_problem() -> None:
    zone = Zone(GOOD, {"x.example": [(10, "mx.x.example")]}, ["mx.x.example"])
    found = findings(zone)
    assert [each.code for each in found] == [
        DnsCode.MX_FOUND,
        DnsCode.SPF_FOUND,
        DnsCode.DKIM_FOUND,
        DnsCode.DMARC_FOUND,
    ]
    assert {each.level for each in found} == {Level.GOOD}


@pytest.mark.parametrize(
    ("servers", "hosts", "expected"),
    [
        ({"x.example": [(0, "")]}, [], [DnsCode.MX_NULL]),
        ({}, [], [DnsCode.MX_MISSING]),
        ({}, ["x.example"], [DnsCode.MX_MISSING]),
        ({"x.example": [(10, "gone.example")]}, [], [DnsCode.MX_HOST_UNKNOWN]),
        (
            {"x.example": [(10, "a.x.example"), (20, "b.x.example")]},
            ["a.x.example"],
            [
                DnsCode.MX_HOST_UNKNOWN,
                DnsCode.MX_FOUND,
            ],
        ),
    ],
)
def test_mx(servers: dict[str, list[tuple[int, str]]], hosts: list[str], expected: list[DnsCode]) -> None:
    assert codes({}, servers_by_name=servers, hosts=hosts)[: len(expected)] == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=spf1 -all", [DnsCode.SPF_FOUND]),
        ("v=spf1 mx ~all", [DnsCode.SPF_FOUND]),
        ("v=spf1 +all", [DnsCode.SPF_ALLOWS_ALL]),
        ("v=spf1 all", [DnsCode.SPF_ALLOWS_ALL]),
        ("v=spf1 mx", [DnsCode.SPF_OPEN_END, DnsCode.SPF_FOUND]),
        ("v=spf1 mx ?all", [DnsCode.SPF_OPEN_END, DnsCode.SPF_FOUND]),
        ("v=spf1 ptr -all", [DnsCode.SPF_PTR, DnsCode.SPF_FOUND]),
        ("v=spf1 ipv4:192.0.2.1 -all", [DnsCode.SPF_INVALID]),
        ("v=spf1 include:gone.example -all", [DnsCode.SPF_BROKEN_INCLUDE]),
        ("v=spf1 include: -all", [DnsCode.SPF_BROKEN_INCLUDE]),
        ("v=spf1 include:x.example -all", [DnsCode.SPF_BROKEN_INCLUDE]),
        ("v=spf1 include:%{i}.x.example -all", [DnsCode.SPF_FOUND]),
        ("v=spf1 redirect=mail.example", [DnsCode.SPF_FOUND]),
        ("v=spf1 " + "a " * 10 + "-all", [DnsCode.SPF_FOUND]),
        ("v=spf1 " + "a " * 11 + "-all", [DnsCode.SPF_TOO_MANY_LOOKUPS]),
        ("v=spf1 -all include:gone.example", [DnsCode.SPF_FOUND]),
        ("v=spf10 -all", [DnsCode.SPF_MISSING]),
        ("V=SPF1 -ALL", [DnsCode.SPF_FOUND]),
    ],
)
def test_spf(record: str, expected: list[DnsCode]) -> None:
    assert spf(record) == expected


def test_lookups_inside_includes_count() -> None:
    inner = ["v=spf1 a mx exists:%{i}.x.example a a -all"]
    assert spf("v=spf1 include:i.example include:i.example -all", i_example=inner) == [DnsCode.SPF_TOO_MANY_LOOKUPS]
    assert spf("v=spf1 include:i.example a -all", i_example=inner) == [DnsCode.SPF_FOUND]


def test_many_includes_end() -> None:
    record = ["v=spf1 " + "include:i.example " * 100 + "-all"]
    inner = ["v=spf1 " + "include:j.example " * 100 + "-all"]
    texts = {"x.example": record, "i.example": inner, "j.example": ["v=spf1 a -all"]}
    [found] = [each for each in findings(Zone(GOOD | texts)) if each.code is DnsCode.SPF_TOO_MANY_LOOKUPS]
    assert "more than 39" in found.message.sentence


def test_two_spf_records_are_an_error() -> None:
    assert DnsCode.SPF_SEVERAL in codes({"x.example": ["v=spf1 -all", "v=spf1 ~all"]})


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (f"v=DKIM1; p={RSA_2048}", [DnsCode.DKIM_FOUND]),
        (f"p={RSA_2048}", [DnsCode.DKIM_FOUND]),
        (f"v=DKIM1; k=ed25519; p={ED25519}", [DnsCode.DKIM_FOUND]),
        (f"v=DKIM1; k=ed25519; p={RSA_1024}", [DnsCode.DKIM_INVALID]),
        (f"v=DKIM1; p={RSA_1024}", [DnsCode.DKIM_WEAK, DnsCode.DKIM_FOUND]),
        (f"v=DKIM1; p={RSA_512}", [DnsCode.DKIM_WEAK]),
        (f"v=DKIM1; t=s:y; p={RSA_2048}", [DnsCode.DKIM_TESTING, DnsCode.DKIM_FOUND]),
        ("v=DKIM1; p=", [DnsCode.DKIM_REVOKED]),
        ("v=DKIM1; p=***", [DnsCode.DKIM_INVALID]),
        ("v=DKIM1; k=rsa", [DnsCode.DKIM_INVALID]),
        (f"v=DKIM2; p={RSA_2048}", [DnsCode.DKIM_INVALID]),
    ],
)
def test_dkim(record: str, expected: list[DnsCode]) -> None:
    found = codes({"s1._domainkey.x.example": [record]})
    assert [code for code in found if code.value.startswith("DKIM")] == expected


def test_dkim_selectors() -> None:
    zone = Zone(GOOD)
    assert DnsCode.DKIM_MISSING in [each.code for each in findings(zone, ("s1", "nope"))]
    assert DnsCode.DKIM_FOUND in [each.code for each in findings(zone, ())]
    assert DnsCode.DKIM_NOT_FOUND in [each.code for each in findings(Zone({"x.example": ["a"]}), ())]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([], [DnsCode.DMARC_MISSING]),
        (["v=DMARC1; p=none; rua=mailto:a@b"], [DnsCode.DMARC_NONE]),
        (["v=DMARC1; p=quarantine; pct=20"], [DnsCode.DMARC_FOUND, DnsCode.DMARC_PARTIAL, DnsCode.DMARC_NO_REPORTS]),
        (["v=DMARC1; p=block; rua=mailto:a@b"], [DnsCode.DMARC_INVALID]),
        (["v=DMARC1"], [DnsCode.DMARC_INVALID]),
        (["v=DMARC1; p=reject", "v=DMARC1; p=none"], [DnsCode.DMARC_SEVERAL]),
    ],
)
def test_dmarc(records: list[str], expected: list[DnsCode]) -> None:
    found = codes({"_dmarc.x.example": records})
    assert [code for code in found if code.value.startswith("DMARC")] == expected


def test_the_policy_of_a_parent_domain_counts() -> None:
    texts = {"mail.x.example": ["v=spf1 -all"], "_dmarc.x.example": ["v=DMARC1; p=reject; sp=none; rua=mailto:a@b"]}
    found = check_domain(Zone(texts), "mail.x.example", selectors=(), envelope="mail.x.example")
    assert DnsCode.DMARC_NONE in [each.code for each in found]


@pytest.mark.parametrize(
    ("envelope", "policy", "is_aligned"),
    [
        ("x.example", "v=DMARC1; p=reject; aspf=s", True),
        ("b.x.example", "v=DMARC1; p=reject", True),
        ("b.x.example", "v=DMARC1; p=reject; aspf=s", False),
        ("other.example", "v=DMARC1; p=reject", False),
    ],
)
def test_alignment_of_the_return_address(envelope: str, policy: str, is_aligned: bool) -> None:
    zone = Zone(GOOD | {"_dmarc.x.example": [policy], envelope: ["v=spf1 -all"]})
    found = [each.code for each in findings(zone, envelope=envelope)]
    assert (DnsCode.SPF_ALIGNMENT not in found) == is_aligned


def test_a_domain_that_does_not_exist_ends_the_check() -> None:
    assert [each.code for each in findings(Zone())] == [DnsCode.DOMAIN_UNKNOWN]


def test_a_failed_lookup_is_a_problem_and_the_others_go_on() -> None:
    found = findings(Zone(GOOD, broken=["_dmarc.x.example"]))
    assert [each.code for each in found][-2:] == [DnsCode.DKIM_FOUND, DnsCode.DNS_FAILED]
    assert found[-1].level is Level.PROBLEM
