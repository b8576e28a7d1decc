"""Load the installed packages, and start without those that cannot be used.

If one object of a package cannot be used, the whole package is left out, and ``Installed.broken`` names it with the
reason. Touchline registers its own options and channels through the same hooks. They come first, so that no package
can take one of their keys.
"""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import Any, cast

import pluggy

from plugins.contract import Channel
from plugins.crms.contract import Crm
from plugins.loading.contract_version import ATTRIBUTE, FIRST_VERSION, check_contract, contract_of
from plugins.loading.declaration_checks import UnusableError
from plugins.loading.discovery import Candidate, candidates
from plugins.loading.extension_points import (
    CHANNELS,
    CRMS,
    EXTENSION_POINTS,
    MAILBOXES,
    SEND_OPTIONS,
    WEBHOOKS,
    Contract,
    ExtensionPoint,
)
from plugins.loading.hook_results import check, collect, run_guarded
from plugins.mailboxes.contract import Mailbox
from plugins.webhooks.contract import Webhook
from strategies.registry import OWN_DISTRIBUTION, Registry, SendOptions


@dataclass(frozen=True, slots=True)
class Package:
    """One module that works, and the keys that it registered, by hook."""

    distribution: str
    module: str
    version: str
    keys: Mapping[str, tuple[str, ...]]
    contract: str = FIRST_VERSION
    """The version of the contract for which it was written."""


@dataclass(frozen=True, slots=True)
class Broken:
    """One module that is left out, and the reason in one sentence."""

    distribution: str
    entry_point: str
    error: str
    """The reason, for operators. It can have the text of an error of the package."""
    module: str = ""
    reason: str = ""
    """The reason, for users: it has no path and no setting."""
    version: str = ""
    contract: str | None = None
    """The version of the contract for which it was written. None if it could not be read."""


@dataclass(frozen=True, slots=True)
class Installed:
    """The plugins that this server can use, by hook, and the modules that it left out."""

    manager: pluggy.PluginManager
    registries: Mapping[str, Mapping[str, Any]]
    packages: tuple[Package, ...]
    broken: tuple[Broken, ...]

    def of(self, point: ExtensionPoint[Contract]) -> Mapping[str, Contract]:
        """Return the plugins of one kind, by key."""
        return self.registries[point.hook]

    def package_of(self, point: ExtensionPoint[Any], key: str) -> Package:
        """Return the package that registered an installed plugin."""
        return next(package for package in self.packages if key in package.keys[point.hook])

    @property
    def send_options(self) -> SendOptions:
        """The send options, by key."""
        return cast(SendOptions, self.of(SEND_OPTIONS))

    @property
    def channels(self) -> Mapping[str, Channel]:
        """The channels, by key."""
        return self.of(CHANNELS)

    @property
    def mailboxes(self) -> Mapping[str, Mailbox]:
        """The mailboxes, by key."""
        return self.of(MAILBOXES)

    @property
    def webhooks(self) -> Mapping[str, Webhook]:
        """The webhooks, by key."""
        return self.of(WEBHOOKS)

    @property
    def crms(self) -> Mapping[str, Crm]:
        """The CRMs, by key."""
        return self.of(CRMS)


def load(environment: Mapping[str, str], points: Sequence[ExtensionPoint[Any]] = EXTENSION_POINTS) -> Installed:
    """Load Touchline's own modules, then every package with an entry point in the group "touchline"."""
    loader = _Loader(environment, points)
    for candidate in candidates():
        try:
            loader.add(candidate)
        except UnusableError as error:
            loader.broken.append(
                Broken(
                    distribution=candidate.distribution,
                    entry_point=candidate.name,
                    error=str(error),
                    module=candidate.module,
                    reason=error.public,
                    version=candidate.version,
                    contract=loader.contracts.get(candidate),
                )
            )
    registries = {point.hook: registry for point, registry in loader.registries.items()}
    return Installed(loader.manager, MappingProxyType(registries), tuple(loader.packages), tuple(loader.broken))


def load_channel(distribution: str, module: str, key: str, environment: Mapping[str, str]) -> Channel:
    """Load one package, and return one of its channels. Raises UnusableError."""
    for candidate in candidates():
        if (candidate.distribution, candidate.module) == (distribution, module):
            loader = _Loader(environment, EXTENSION_POINTS)
            loader.add(candidate)
            found = loader.registries[CHANNELS].get(key)
            if found is not None:
                return cast(Channel, found)
    raise UnusableError(f"The package {distribution} has no channel {key!r} in {module} any more.")


def load_send_options(distributions: Collection[str], environment: Mapping[str, str]) -> SendOptions:
    """Load Touchline's own send options and those of some distributions, without their channels and so on.

    Processes that call only options use it. ``load`` has checked the same modules before. Raises UnusableError.
    """
    loader = _Loader(environment, EXTENSION_POINTS, (SEND_OPTIONS,))
    for candidate in candidates():
        own = candidate.distribution == OWN_DISTRIBUTION and candidate.module.startswith("strategies.")
        if own or candidate.distribution in distributions:
            loader.add(candidate)
    return cast(SendOptions, loader.registries[SEND_OPTIONS])


class _Loader:
    """Registers modules one by one.

    ``add`` changes ``registries`` and ``packages`` only after every object of a module has passed its checks.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        points: Sequence[ExtensionPoint[Any]],
        collected: Collection[ExtensionPoint[Any]] | None = None,
    ) -> None:
        """Prepare to load. Only objects of ``collected`` are made, or of all points if it is None."""
        self._collected = points if collected is None else collected
        self.arguments = {"environment": environment}
        self.manager = pluggy.PluginManager("touchline")
        hookspecs = ModuleType("hookspecs")
        vars(hookspecs).update({point.hook: point.hookspec for point in points})
        self.manager.add_hookspecs(hookspecs)
        self.registries: dict[ExtensionPoint[Any], Registry[Any]] = {point: point.registry() for point in points}
        self.packages: list[Package] = []
        self.broken: list[Broken] = []
        self.contracts: dict[Candidate, str] = {}
        """The version of the contract of each module that could be imported."""
        self._hooks = ", ".join(sorted(point.hook for point in points))

    def add(self, candidate: Candidate) -> None:
        """Register all objects of a module. If one cannot be used, registers none and raises UnusableError."""
        plugin = run_guarded(f"importing {candidate.module}", candidate.load)
        contract = run_guarded(f"reading {ATTRIBUTE}", lambda: contract_of(plugin, candidate.module))
        self.contracts[candidate] = contract
        check_contract(contract)
        name = f"{candidate.distribution}:{candidate.name}"
        run_guarded("registering", lambda: self._register(plugin, name))
        try:
            found = {point: self._objects(point, plugin) for point in self._collected}
            for point, objects in found.items():
                self._check_keys(point, candidate.distribution, [each.key for each in objects])
        except UnusableError:
            self.manager.unregister(name=name)
            raise
        for point, objects in found.items():
            for each in objects:
                self.registries[point].register(each.key, each, candidate.distribution)
        keys = {point.hook: tuple(each.key for each in objects) for point, objects in found.items()}
        self.packages.append(Package(candidate.distribution, candidate.module, candidate.version, keys, contract))

    def _register(self, plugin: Any, name: str) -> None:
        """Register with pluggy. Raises UnusableError for functions that pluggy would silently never call."""
        hooks = [
            attribute
            for attribute in dir(plugin)
            if attribute.startswith("touchline_") and inspect.isroutine(inspect.getattr_static(plugin, attribute, None))
        ]
        known = {point.hook: point for point in self.registries}
        for hook in hooks:
            if hook not in known:
                raise UnusableError(self._unknown(hook))
            _check_arguments(hook, getattr(plugin, hook), known[hook].hookspec)
        self.manager.register(plugin, name)
        callers = self.manager.get_hookcallers(plugin) or []
        unknown = [caller.name for caller in callers if not caller.has_spec()]
        unmarked = [hook for hook in hooks if hook not in {caller.name for caller in callers}]
        if unknown:
            fault = self._unknown(unknown[0])
        elif unmarked:
            fault = f"{unmarked[0]} is not marked with @hookimpl."
        elif not callers:
            fault = f"it has no hook; the hooks are {self._hooks}."
        else:
            return
        self.manager.unregister(name=name)
        raise UnusableError(fault)

    def _unknown(self, hook: str) -> str:
        return f"{hook} is not a hook of Touchline; the hooks are {self._hooks}."

    def _objects(self, point: ExtensionPoint[Contract], plugin: Any) -> list[Contract]:
        """Call the hook of one module only, so that every error belongs to that module."""
        found: list[Contract] = []
        for implementation in getattr(self.manager.hook, point.hook).get_hookimpls():
            if implementation.plugin is not plugin:
                continue
            if implementation.wrapper or implementation.hookwrapper:
                raise UnusableError(f"{point.hook} is a wrapper; it must be a plain function.")
            arguments = [self.arguments[name] for name in implementation.argnames]
            result = run_guarded(point.hook, lambda: implementation.function(*arguments))  # noqa: B023 - runs at once
            found += [check(point, thing) for thing in collect(point.hook, result)]
        return found

    def _check_keys(self, point: ExtensionPoint[Any], distribution: str, keys: Sequence[str]) -> None:
        """Raise UnusableError if another package, or this one, has already taken a key."""
        registry = self.registries[point]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                raise UnusableError(f"{point.noun} {key!r} is registered twice by {distribution}.")
            if key in registry:
                owner = registry.distribution(key)
                raise UnusableError(
                    f"{point.noun} {key!r} of {distribution} is already registered by {owner}. Choose another key."
                )


def _check_arguments(hook: str, own: Callable[..., Any], hookspec: Callable[..., Any]) -> None:
    """Refuse a hook with parameters that it is not called with."""
    allowed = list(inspect.signature(hookspec).parameters)
    for name, parameter in inspect.signature(own).parameters.items():
        if name not in allowed and parameter.default is parameter.empty:
            call = f"{hook}({', '.join(allowed)})"
            raise UnusableError(f"{hook} has the parameter {name!r}, which Touchline does not know. It is {call}.")
