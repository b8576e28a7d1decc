"""Which packages a server can use, by the version of the contract that they were written for."""

import importlib.metadata
import sys
import types

import pytest

from plugins.loading.contract_version import CONTRACT_VERSION, check_contract, contract_of
from plugins.loading.declaration_checks import UnusableError
from plugins.loading.manager import Broken, load
from tests.plugins.packages import FakeEntry, Quick, options


def module(**names: object) -> types.ModuleType:
    made = types.ModuleType("partner")
    vars(made).update(names)
    return made


def test_a_package_states_its_contract() -> None:
    assert contract_of(module()) == "1.0", "a package that states none was written for the first one"
    assert contract_of(module(touchline_contract="2.13")) == "2.13"
    for wrong in (
        "",
        "1",
        "1.0.0",
        " 1.0",
        "1.0\n",
        "01.0",
        "1.x",
        "1.-1",
        "١.٠",
        "9" * 5 + ".0",
        None,
        1.0,
        b"1.0",
        [1, 0],
    ):
        with pytest.raises(UnusableError, match=r"^touchline_contract is "):
            contract_of(module(touchline_contract=wrong))


def test_the_module_of_an_object_states_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "partner", module(touchline_contract="1.4"))
    assert contract_of(object(), "partner:plugin") == "1.4"
    assert contract_of(types.SimpleNamespace(touchline_contract="1.2"), "partner:plugin") == "1.2"
    assert contract_of(object(), "elsewhere:plugin") == "1.0"


def test_an_older_minor_version_is_used() -> None:
    for needed, own in (("1.0", "1.0"), ("1.0", "1.2"), ("1.9", "1.10"), ("2.0", "2.1")):
        check_contract(needed, own)


def test_another_version_is_refused_with_advice() -> None:
    update = "Update Touchline, or install an older version of the package."
    for needed, own, advice in (
        ("1.3", "1.2", update),
        ("1.10", "1.9", update),
        ("2.0", "1.2", update),
        ("1.9", "2.0", "Install a version of the package for contract 2."),
        ("0.9", "1.0", "Install a version of the package for contract 1."),
    ):
        with pytest.raises(UnusableError) as refused:
            check_contract(needed, own)
        assert str(refused.value).startswith("it ")
        assert f" contract {needed}, and this server has contract {own}. {advice}" in str(refused.value)


def test_versions_and_public_reasons_of_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = KeyError("PIGEON_SECRET=xyz in /srv/app/settings.py")
    entries = [
        FakeEntry("alpha", options(Quick()) | {"touchline_contract": CONTRACT_VERSION}, "alpha"),
        FakeEntry("beta", options(Quick()) | {"touchline_contract": "1.99"}, "beta"),
        FakeEntry("gamma", secret, "gamma"),
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: entries if group == "touchline" else [])
    installed = load({})
    assert (installed.packages[-1].distribution, installed.packages[-1].contract) == ("alpha", CONTRACT_VERSION)
    newer = (
        "it needs contract 1.99, and this server has contract 1.0. Update Touchline, or install an older version of "
        "the package."
    )
    assert installed.broken == (
        Broken("beta", "main", newer, "beta", newer, "1.2", "1.99"),
        Broken(
            "gamma",
            "main",
            "importing gamma raised KeyError: 'PIGEON_SECRET=xyz in /srv/app/settings.py'.",
            "gamma",
            "importing gamma raised KeyError.",
            "1.2",
            None,
        ),
    )
