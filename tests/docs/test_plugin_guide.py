"""The tutorial in docs/plugins.md works word for word, and every example of the guide runs."""

import importlib.metadata
import re
import sys
import types
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse
from touchline.sandbox import RecordingChannel, open_sandbox
from touchline.testing import assert_send_option

from plugins.loading.manager import load
from tests.client import new_client, serving
from tests.plugins.packages import FakeEntry
from tests.served import NOW

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
HOWTOS = (ROOT / "docs" / "plugin_howtos.md").read_text(encoding="utf-8")
PACKAGES = sorted(path.parent for path in (ROOT / "tests" / "example_packages").glob("*/pyproject.toml"))
TUTORIAL = GUIDE.split("## A send option in 15 minutes\n", 1)[1].split("\n## ", 1)[0]


def blocks(document: str, language: str) -> list[str]:
    """Return the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)


def install(monkeypatch: pytest.MonkeyPatch, **modules: types.ModuleType) -> None:
    """Make modules importable, and installed packages of the same name."""
    entries = [FakeEntry(name.replace("_", "-"), vars(module), name) for name, module in modules.items()]
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: entries if group == "touchline" else [])


def executed(name: str, source: str) -> types.ModuleType:
    module = types.ModuleType(name)
    exec(compile(source, name, "exec"), vars(module))
    return module


@pytest.fixture
def lunch(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """Install the package of the tutorial."""
    module = executed("touchline_lunch", blocks(TUTORIAL, "python")[0])
    install(monkeypatch, touchline_lunch=module)
    return module


@pytest.mark.usefixtures("lunch")
def test_the_tests_of_the_tutorial() -> None:
    _, tests = blocks(TUTORIAL, "python")
    module = executed("test_lunch", tests)
    found = {name for name in vars(module) if name.startswith("test_")}
    assert found == {"test_the_contract_of_lunch", "test_lunch"}
    quick = partial(assert_send_option, zones=["Europe/Berlin", "Australia/Lord_Howe"], examples=5)
    vars(module)["assert_send_option"] = quick
    for name in sorted(found):
        vars(module)[name]()


@pytest.mark.usefixtures("lunch")
async def test_the_operations_of_the_tutorial(database_url: str) -> None:
    async with serving(database_url) as http:
        client = await new_client(http, NOW)
        await client.ask(
            """mutation { createPerson(input: {email: "ada@example.com"}) { errors { code } }
            createSender(input: {name: "G", email: "g@example.com", zone: "Europe/Berlin", channel: "record"}) {
              errors { code } } }"""
        )
        answers: dict[str, Any] = {}
        ids = {"to": "2026-03-02T12:00:00Z"}
        for document in blocks(TUTORIAL, "graphql"):
            (operation,) = parse(document).definitions
            assert isinstance(operation, OperationDefinitionNode)
            names = [each.variable.name.value for each in operation.variable_definitions or ()]
            answers |= await client.ask(document, **{name: ids[name] for name in names})
            ids |= {"sender": answers["senders"]["nodes"][0]["id"], "person": answers["people"]["nodes"][0]["id"]}
            if "emails" in answers:
                ids["email"] = next(each["id"] for each in answers["emails"]["nodes"] if each["status"] == "SENT")
            if "createCampaign" in answers:
                ids["campaign"] = answers["createCampaign"]["campaign"]["id"]
    assert [answers[name]["errors"] for name in ("launch", "advanceClock", "simulateOpen")] == [[], [], []]
    (plugin,) = [plugin for plugin in answers["plugins"] if plugin["package"] == "touchline-lunch"]
    assert (plugin["state"], plugin["reason"]) == ("LOADED", None)
    assert plugin["registered"] == [{"kind": "SEND_OPTION", "key": "lunch", "health": {"state": "OK"}}]
    offer = answers["sendOptions"][-1]
    assert (offer["key"], offer["available"], offer["package"]) == ("lunch", True, "touchline-lunch")
    assert [answers[name]["errors"] for name in ("first", "second")] == [[], []]
    ((preview,), errors) = answers["launchPreview"]["previews"], answers["launchPreview"]["errors"]
    assert errors == []
    assert preview["planned"][1]["sendAt"] == "2026-03-04T11:00:00Z"
    assert "Lunch is at 12:00." in [line["sentence"] for line in preview["planned"][1]["explanation"]]


def test_every_other_example_of_the_guide_runs(monkeypatch: pytest.MonkeyPatch, lunch: types.ModuleType) -> None:
    partner = ROOT / "tests" / "plugins" / "partner_package" / "touchline_business_hours.py"
    hours = executed("touchline_business_hours", partner.read_text(encoding="utf-8"))
    install(monkeypatch, touchline_lunch=lunch, touchline_business_hours=hours)
    examples = [each for each in blocks(GUIDE, "python") if each not in blocks(TUTORIAL, "python")]
    assert len(examples) >= 5
    names = dict(vars(lunch))
    for example in examples:
        exec(compile(example, "docs/plugins.md", "exec"), names)


def test_the_examples_with_a_sandbox_pass(
    monkeypatch: pytest.MonkeyPatch, lunch: types.ModuleType, tmp_path: Path
) -> None:
    install(monkeypatch, touchline_lunch=lunch)
    passed = []
    for number, example in enumerate(blocks(GUIDE, "python")):
        for name, test in [*vars(executed(f"example{number}", example)).items()] if "(sandbox" in example else ():
            if name.startswith("test_"):
                channel, folder = RecordingChannel(), tmp_path / name
                folder.mkdir()
                with open_sandbox(folder, channel) as sandbox:
                    given = {"sandbox": sandbox, "recording_channel": channel}
                    test(**{each: given[each] for each in signature(test).parameters})
                passed.append(name)
    assert passed == ["test_a_call_that_was_made", "test_a_campaign_with_lunch", "test_a_retry"]


def test_the_how_tos_have_the_example_packages() -> None:
    shown = blocks(HOWTOS, "python")
    assert len(PACKAGES) == 5
    for package in PACKAGES:
        (module,) = package.glob("touchline_*.py")
        assert module.read_text(encoding="utf-8") in shown, module.name
    assert len(shown) == len(PACKAGES)
    assert (PACKAGES[2] / "pyproject.toml").read_text(encoding="utf-8") in blocks(HOWTOS, "toml")


def test_the_example_packages_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [package / f"touchline_{package.name}.py" for package in PACKAGES]
    modules = {file.stem: executed(file.stem, file.read_text(encoding="utf-8")) for file in found}
    install(monkeypatch, **modules)
    installed = load({})
    assert installed.broken == ()
    assert list(installed.send_options)[-4:] == ["best_hour", "recipient_time", "sending_hours", "spread"]
    assert list(installed.channels)[-1] == "examplemail"
    assert {package.contract for package in installed.packages} == {"1.0"}
