"""Find the installed packages, and start without those that do not work.

A package works as a whole or not at all: when one of its objects cannot be used, none is, and the package is
named in ``Installed.broken`` with the reason. Touchline's own options and channels come in by the same hooks,
first, so that no package can take one of their keys.
"""

import importlib
import importlib.metadata
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import pluggy

import plugins.hookspecs
import strategies.hookspecs
from plugins.checks import UnusableError, check, collect, guarded
from plugins.contract import Channel
from strategies import SendOption
from strategies.registry import SendOptions

GROUP = "touchline"
OWN = "touchline"
DEFAULT_PLUGINS = (
    "strategies.options.choose_at_launch",
    "strategies.options.at_time",
    "strategies.options.task",
    "strategies.options.same_time_as_previous",
    "plugins.channels.outbox",
    "plugins.channels.record",
    "plugins.channels.smtp.channel",
)
OPTIONS_HOOK = "touchline_register_send_options"
CHANNELS_HOOK = "touchline_register_channels"


@dataclass(frozen=True, slots=True)
class Package:
    """One module that works, and what it registered."""

    distribution: str
    module: str
    version: str
    options: tuple[str, ...]
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """One module that is left out, and why, in one sentence."""

    distribution: str
    entry_point: str
    error: str


@dataclass(frozen=True, slots=True)
class Installed:
    """All that this server can do: what works, and what was left out."""

    manager: pluggy.PluginManager
    send_options: SendOptions
    channels: Mapping[str, Channel]
    packages: tuple[Package, ...]
    broken: tuple[Broken, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    distribution: str
    version: str
    name: str
    module: str
    load: Callable[[], Any]


def load(environment: Mapping[str, str]) -> Installed:
    """Load Touchline's own modules, then every package with an entry point in the group "touchline"."""
    loading = _Loading(environment)
    for candidate in _candidates():
        try:
            loading.add(candidate)
        except UnusableError as error:
            loading.broken.append(Broken(candidate.distribution, candidate.name, str(error)))
    return Installed(
        manager=loading.manager,
        send_options=loading.send_options,
        channels=MappingProxyType(loading.channels),
        packages=tuple(loading.packages),
        broken=tuple(loading.broken),
    )


def _candidates() -> Iterator[_Candidate]:
    """Touchline's own first; then the packages by name, so that the first of two is the same at every start."""
    try:
        version = importlib.metadata.version(OWN)
    except importlib.metadata.PackageNotFoundError:
        version = "unknown"  # run from a source folder that was never installed
    for module in DEFAULT_PLUGINS:
        yield _Candidate(OWN, version, module, module, partial(importlib.import_module, module))
    found = []
    for entry in importlib.metadata.entry_points(group=GROUP):
        distribution, version = (entry.dist.name, entry.dist.version) if entry.dist else ("unknown", "unknown")
        found.append(_Candidate(distribution, version, entry.name, entry.value, entry.load))
    yield from sorted(found, key=lambda candidate: (candidate.distribution.casefold(), candidate.name))


class _Loading:
    """What has been loaded so far."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.manager = pluggy.PluginManager("touchline")
        self.manager.add_hookspecs(strategies.hookspecs)
        self.manager.add_hookspecs(plugins.hookspecs)
        self.send_options = SendOptions()
        self.channels: dict[str, Channel] = {}
        self.packages: list[Package] = []
        self.broken: list[Broken] = []
        self._channel_owners: dict[str, str] = {}

    def add(self, candidate: _Candidate) -> None:
        """Take a module in, whole. Raises UnusableError and leaves nothing of it behind."""
        plugin = guarded(f"importing {candidate.module}", candidate.load)
        name = f"{candidate.distribution}:{candidate.name}"
        guarded("registering", lambda: self._register(plugin, name))
        try:
            options = [check(OPTIONS_HOOK, thing, SendOption) for thing in self._ask(OPTIONS_HOOK, plugin)]  # type: ignore[type-abstract]
            channels = [check(CHANNELS_HOOK, thing, Channel) for thing in self._ask(CHANNELS_HOOK, plugin)]  # type: ignore[type-abstract]
            option_keys, channel_keys = [item.key for item in options], [item.key for item in channels]
            self._refuse_taken(candidate.distribution, option_keys, channel_keys)
        except UnusableError:
            self.manager.unregister(name=name)
            raise
        for option in options:
            self.send_options.register(option, candidate.distribution)
        for channel in channels:
            self.channels[channel.key] = channel
            self._channel_owners[channel.key] = candidate.distribution
        self.packages.append(
            Package(
                candidate.distribution, candidate.module, candidate.version, tuple(option_keys), tuple(channel_keys)
            )
        )

    def _register(self, plugin: Any, name: str) -> None:
        """Register with pluggy, and refuse what it would silently never call."""
        known = {OPTIONS_HOOK, CHANNELS_HOOK}
        hooks = [
            attribute
            for attribute in dir(plugin)
            if attribute.startswith("touchline_") and inspect.isroutine(inspect.getattr_static(plugin, attribute, None))
        ]
        for attribute in hooks:
            if attribute not in known:
                raise UnusableError(
                    f"{attribute} is no hook of Touchline; the hooks are {' and '.join(sorted(known))}."
                )
        self.manager.register(plugin, name)
        callers = self.manager.get_hookcallers(plugin) or []
        unknown = [caller.name for caller in callers if not caller.has_spec()]
        missing = [hook for hook in hooks if hook not in {caller.name for caller in callers}]
        if unknown:
            fault = f"{unknown[0]} is no hook of Touchline; the hooks are {' and '.join(sorted(known))}."
        elif missing:
            fault = f"{missing[0]} is not marked with @hookimpl."
        elif not callers:
            fault = f"it has no hook; the hooks are {' and '.join(sorted(known))}."
        else:
            return
        self.manager.unregister(name=name)
        raise UnusableError(fault)

    def _ask(self, hook: str, plugin: Any) -> list[Any]:
        """Call one plugin's own function, so that whatever comes of it is that plugin's."""
        things: list[Any] = []
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            if implementation.plugin is plugin:
                if implementation.wrapper or implementation.hookwrapper:
                    raise UnusableError(f"{hook} is a wrapper; it must be a plain function.")
                arguments = [self.environment for _ in implementation.argnames]
                things += collect(hook, guarded(hook, lambda: implementation.function(*arguments)))  # noqa: B023
        return things

    def _refuse_taken(self, distribution: str, options: list[str], channels: list[str]) -> None:
        """Refuse a key that another package, or this one, has taken already."""
        for kind, keys, owner in (
            ("send option", options, lambda key: key in self.send_options and self.send_options.distribution(key)),
            ("channel", channels, self._channel_owners.get),
        ):
            for number, key in enumerate(keys):
                if key in keys[:number]:
                    raise UnusableError(f"{kind} {key!r} is registered twice by {distribution}.")
                if owner(key):
                    raise UnusableError(f"{kind} {key!r} of {distribution} is already registered by {owner(key)}.")
