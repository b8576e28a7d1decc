"""Packages that do not work are named and left out; the server starts with all the others."""

import importlib.metadata
import socket
import types
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from api.services.common.inputs import inputs
from plugins import Channel, hookimpl
from plugins.built_in import BUILT_IN_PLUGINS
from plugins.loading.extension_points import CHANNELS, SEND_OPTIONS
from plugins.loading.manager import Installed, load
from plugins.loading.wrappers import ChannelWrapper
from strategies import Plural, Refusal, SendOption
from strategies.options.task import Task
from tests.plugins import packages as fake
from tests.plugins.packages import Contents, Pigeon, Quick, channels, hook, options, variant

OWN_OPTIONS = ["choose_at_launch", "at_time", "task", "same_time_as_previous"]
OWN_CHANNELS = ["outbox", "record", "smtp"]
Install = Callable[..., Installed]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Load with the given packages installed."""

    def install(**packages: Contents) -> Installed:
        entries = [fake.FakeEntry(name, contents, f"{name}_module") for name, contents in packages.items()]
        monkeypatch.setattr(
            importlib.metadata, "entry_points", lambda *, group: entries if group == "touchline" else []
        )
        return load({"LOFT": "roof"})

    return install


def test_touchline_alone(install: Install) -> None:
    installed = install()
    assert installed.broken == ()
    assert list(installed.send_options) == OWN_OPTIONS
    assert list(installed.channels) == OWN_CHANNELS
    assert [package.module for package in installed.packages] == list(BUILT_IN_PLUGINS)
    assert {package.distribution for package in installed.packages} == {"touchline"}
    installed.manager.check_pending()


def test_a_package_that_works(install: Install) -> None:
    seen: list[Mapping[str, str]] = []

    @hookimpl
    def touchline_register_channels(environment: Mapping[str, str]) -> Any:
        seen.append(environment)
        yield Pigeon()

    hooks: dict[str, Any] = {"touchline_register_channels": touchline_register_channels, "touchline_helpers": types}
    installed = install(loft=hooks | options(Quick()))
    assert installed.broken == ()
    assert seen == [{"LOFT": "roof"}]
    package = installed.packages[-1]
    assert (package.distribution, package.module, package.version) == ("loft", "loft_module", "1.2")
    assert (package.keys[SEND_OPTIONS.hook], package.keys[CHANNELS.hook]) == (("quick",), ("pigeon",))
    assert installed.send_options.distribution("quick") == "loft"
    pigeon = installed.channels["pigeon"]
    assert isinstance(pigeon, ChannelWrapper)
    assert isinstance(pigeon.own, Pigeon)


def schema(of_x: dict[str, Any]) -> Channel:
    """A channel with a schema of one property."""
    return variant(config_schema={"type": "object", "properties": {"x": of_x}})


def quick(**attributes: Any) -> Any:
    """A send option with other declarations."""
    return type("Variant", (Quick,), attributes)()


BROKEN: dict[str, tuple[Contents, str]] = {
    "import": (ImportError("no module named feathers"), "importing bad_module raised ImportError: no module named"),
    "syntax": (SyntaxError("invalid syntax"), "raised SyntaxError: invalid syntax"),
    "exit at import": (SystemExit(3), "raised SystemExit: 3"),
    "unprintable": (fake.UnprintableError(), "importing bad_module raised UnprintableError."),
    "misspelt": (fake.misspelt(), "touchline_register_chanels is not a hook of Touchline"),
    "misspelt and unmarked": (
        {"touchline_register_chanels": fake.unmarked},
        "touchline_register_chanels is not a hook",
    ),
    "misspelt specname": ({"register": fake.misnamed}, "touchline_register_chanels is not a hook of Touchline"),
    "unmarked": ({"touchline_register_channels": fake.unmarked}, "is not marked with @hookimpl"),
    "a newer contract": (options(Quick()) | {"touchline_contract": "1.1"}, "it needs contract 1.1, and this server"),
    "a contract that is a number": (options(Quick()) | {"touchline_contract": 1.0}, "touchline_contract is a float"),
    "a contract of words": (options(Quick()) | {"touchline_contract": "v1"}, "touchline_contract is 'v1'; it must be"),
    "no hook": ({}, "it has no hook"),
    "unknown argument": ({"touchline_register_channels": fake.wants_more}, "the parameter 'more', which"),
    "wrapper": ({"touchline_register_channels": fake.wrapper}, "is a wrapper"),
    "raising": (hook(lambda: 1 / 0), "touchline_register_channels raised ZeroDivisionError: division by zero"),
    "exiting": (hook(fake.exit_now), "touchline_register_channels raised SystemExit: bye"),
    "raising midway": (hook(lambda: (1 / number for number in (0,))), "result raised ZeroDivisionError"),
    "nothing": (hook(lambda: None), "returned a NoneType; it must return a list"),
    "text": (hook(lambda: "pigeon"), "returned a str; it must return a list"),
    "one object": (hook(Pigeon), "returned a Pigeon; it must return a list"),
    "asynchronous": (hook(fake.later), "is asynchronous"),
    "wrong type": (channels(7), "returned a int where a Channel belongs"),
    "a class": (channels(Pigeon), "returned the class Pigeon, not an instance where a Channel belongs"),
    "an option as channel": (channels(Quick()), "returned a Quick where a Channel belongs"),
    "a channel as option": (options(Pigeon()), "returned a Pigeon where a SendOption belongs"),
    "no key": (channels(variant(key="")), "has no key"),
    "no resolve": (
        hook(lambda: [type("Idle", (SendOption,), {})()]),
        "the class Idle lacks availability() and resolve(). Define them in the class.",
    ),
    "no method at all": (hook(lambda: [Channel()]), "the class Channel lacks connect(). Define it in the class."),
    "an asynchronous resolve": (options(quick(resolve=fake.asynchronous)), "Variant.resolve() is asynchronous, which"),
    "an asynchronous validate": (options(quick(validate=fake.asynchronous)), "Write it with def instead of async def."),
    "an asynchronous account": (channels(variant(account=fake.asynchronous)), "Variant.account() is asynchronous"),
    "a coroutine that connects": (
        channels(variant(connect=fake.asynchronous)),
        "Variant.connect() is asynchronous, which its contract does not allow. Put @asynccontextmanager before it, and",
    ),
    "a generator that connects": (channels(variant(connect=fake.generator)), "let it yield the Session."),
    "labels that are a text": (
        channels(variant(labels="Pigeon")),
        'labels is a str. Give a text for each language, such as {"en": "…"}.',
    ),
    "no labels": (channels(variant(labels=None)), 'has no labels["en"]'),
    "no English": (channels(variant(labels={"de": "Taube"})), 'has no labels["en"]'),
    "labels of numbers": (channels(variant(labels={"en": "x", "de": 1})), "labels that are not text"),
    "no help": (options(type("Helpless", (Quick,), {"help": {}})()), 'has no help["en"]'),
    "bad schema": (channels(variant(config_schema={"type": "objekt"})), "not a valid JSON Schema"),
    "a pattern that is none": (channels(schema({"pattern": "("})), "JSON Schema, at properties.x.pattern: "),
    "schema with an object": (channels(schema({"default": object()})), "not JSON: Object of type object is not"),
    "schema with NaN": (channels(schema({"maximum": float("nan")})), "not JSON: Out of range float values"),
    "schema in a circle": (channels(variant(config_schema=fake.circle())), "not JSON: Circular reference"),
    "schema with half a character": (channels(schema({"title": "\ud800"})), "not JSON: 'utf-8' codec can't encode"),
    "a reference into the network": (
        channels(schema({"$ref": "https://example.com/schema.json"})),
        "refers to 'https://example.com/schema.json', which is not in it",
    ),
    "a reference to a file": (channels(schema({"$ref": "file:///etc/passwd"})), "refers to 'file:///etc/passwd'"),
    "a reference to nothing": (channels(schema({"$ref": "#/$defs/nothing"})), "refers to '#/$defs/nothing'"),
    "a dynamic reference": (channels(schema({"$dynamicRef": "https://example.com/#x"})), "refers to 'https://example"),
    "a reference by an id": (
        channels(schema({"$id": "https://example.com/a/", "properties": {"y": {"$ref": "b.json"}}})),
        "refers to 'b.json'",
    ),
    "a reference behind a reference": (
        channels(variant(config_schema={"$ref": "#/own", "own": {"not": {"$ref": "other.json"}}})),
        "refers to 'other.json'",
    ),
    "a reference without end": (channels(variant(config_schema={"$ref": "#"})), "refers to itself without end"),
    "a key with a space": (channels(variant(key="my pigeon")), "has the key 'my pigeon'; a key has up to 64 letters"),
    "a key that begins with a dot": (
        channels(variant(key=".pigeon")),
        "a key has up to 64",
    ),
    "a key that is too long": (channels(variant(key="p" * 65)), "a key has up to 64"),
    "a key of other letters": (
        options(type("Straße", (Quick,), {"key": "straße"})()),
        "a key has up to 64",
    ),
    "labels with half a character": (channels(variant(labels={"en": "\udc00"})), "labels that are not text"),
    "help with half a character": (
        options(type("H", (Quick,), {"help": {"en": "\udc00"}})()),
        "help that are not text",
    ),
    "schema of a wrong type": (channels(variant(config_schema=[])), "config_schema that is not a mapping"),
    "huge labels": (channels(variant(labels={"en": "x" * 2_001})), "a text has 2001 characters; the limit is 2000"),
    "labels in 101 languages": (
        channels(variant(labels={"en": "x"} | dict.fromkeys(map(str, range(100)), "x"))),
        "101",
    ),
    "a huge schema": (channels(schema({"description": "x" * 100_001})), "it can have up to 100,000"),
    "a flag that is none": (options(quick(takes_time="yes")), "takes_time is a str, and neither True nor False"),
    "sentences of a wrong type": (options(quick(sentences=[])), "sentences is a list, not a mapping"),
    "a sentence without English": (options(quick(sentences={"X": {"de": "x"}})), "the sentence 'X' has no \"en\""),
    "a sentence with a position": (options(quick(sentences={"X": {"en": "{0}"}})), "is not the name of a value"),
    "a sentence with an attribute": (options(quick(sentences={"X": {"en": "{a.b}"}})), "is not the name of a value"),
    "a sentence with an open brace": (options(quick(sentences={"X": {"en": "{a"}})), "cannot be used"),
    "a sentence with a wide format": (options(quick(sentences={"X": {"en": "{a:>99999999}"}})), "not allowed"),
    "a number as a sentence": (options(quick(sentences={"X": {"en": 7}})), "7 is not text"),
    "a plural with a number": (options(quick(sentences={"X": {"en": Plural("n", 1, "x")}})), "1 is not text"),
    "raising attribute": (channels(variant(key=property(lambda self: 1 / 0))), "Variant raised ZeroDivisionError"),
    "twice the same": (channels(Pigeon(), Pigeon()), "channel 'pigeon' is registered twice by bad"),
    "own channel": (channels(variant(key="smtp")), "channel 'smtp' of bad is already registered by touchline"),
    "own option": (options(Task()), "send option 'task' of bad is already registered by touchline"),
    "one good, one bad": (channels(variant(key="crow"), 7), "returned a int"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_package_is_named_and_the_others_work(case: str, install: Install) -> None:
    contents, expected = BROKEN[case]
    installed = install(bad=contents, zoo=channels(Pigeon()) | options(Quick()))
    (broken,) = installed.broken
    assert (broken.distribution, broken.entry_point) == ("bad", "main")
    assert expected in broken.error
    assert "\n" not in broken.error
    assert list(installed.channels) == [*OWN_CHANNELS, "pigeon"]
    assert list(installed.send_options) == [*OWN_OPTIONS, "quick"]
    assert [name for name, _ in installed.manager.list_name_plugin() if name.startswith("bad")] == []
    installed.manager.check_pending()


def test_of_two_packages_with_one_key_the_first_by_name_works(install: Install) -> None:
    installed = install(
        beta=channels(Pigeon()), alpha=channels(Pigeon()), gamma=options(Quick()), delta=options(Quick())
    )
    assert [(broken.distribution, broken.error) for broken in installed.broken] == [
        ("beta", "channel 'pigeon' of beta is already registered by alpha. Choose another key."),
        ("gamma", "send option 'quick' of gamma is already registered by delta. Choose another key."),
    ]
    assert [package.distribution for package in installed.packages[-2:]] == ["alpha", "delta"]


def test_an_interrupt_is_not_a_broken_package(install: Install) -> None:
    with pytest.raises(KeyboardInterrupt):
        install(bad=KeyboardInterrupt())


def test_a_schema_may_refer_to_its_own_parts(install: Install) -> None:
    tree = {
        "$id": "https://example.com/tree",
        "type": "object",
        "properties": {"left": {"$ref": "#"}, "right": {"$ref": "tree"}, "leaf": {"$ref": "#/$defs/leaf"}},
        "$defs": {"leaf": {"$anchor": "leaf", "type": "string"}, "also": {"$ref": "#leaf"}, "node": {"$ref": "leaf2"},
                  "two": {"$id": "leaf2", "type": "string"}},
        "examples": [{"$ref": "https://example.com/no-reference"}],
    }  # fmt: skip
    installed = install(loft=channels(variant(key="x" * 64, labels={"en": "Straße 🕊"}, config_schema=tree)))
    assert installed.broken == ()
    told = {"left": {"leaf": "x"}, "right": {}}
    assert inputs.config(told, tree, ("config",)) == told
    with pytest.raises(Refusal) as refused:
        inputs.config({"left": {"right": {"leaf": 1}}}, tree, ("config",))
    assert refused.value.path == ("config", "left", "right", "leaf")


def test_what_checks_a_configuration_fetches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def reach(*_: Any, **__: Any) -> None:
        raise AssertionError("a schema was fetched")

    monkeypatch.setattr(socket.socket, "connect", reach)
    with pytest.raises(Exception, match="Unresolvable"):
        inputs.config({}, {"$ref": "http://127.0.0.1:9/schema.json"}, ("config",))
