"""The installed plugins of one kind, by key."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from strategies.codes import StrategyCode
from strategies.contract import SendOption
from strategies.errors import Refusal
from strategies.questions import Asker

Plugin = TypeVar("Plugin")
OWN_DISTRIBUTION = "touchline"
"""The distribution of the built-in plugins."""


class Registry(Mapping[str, Plugin]):
    """Plugins of one kind, in the order in which they were registered. Each belongs to a distribution."""

    def __init__(self) -> None:
        self._plugins: dict[str, tuple[Plugin, str]] = {}

    def register(self, key: str, plugin: Plugin, distribution: str) -> None:
        """Add a plugin. Raises ValueError if the key is taken."""
        if key in self._plugins:
            raise ValueError(f"{key!r} of {distribution} is already registered by {self.distribution(key)}")
        self._plugins[key] = (plugin, distribution)

    def distribution(self, key: str) -> str:
        """Return the name of the distribution that registered the plugin."""
        return self._plugins[key][1]

    def is_own(self, key: str) -> bool:
        """Say whether the plugin is built in."""
        return self._plugins[key][1] == OWN_DISTRIBUTION

    def __getitem__(self, key: str) -> Plugin:
        return self._plugins[key][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._plugins)

    def __len__(self) -> int:
        return len(self._plugins)


class SendOptions(Registry[SendOption]):
    """The installed send options. Those in ``isolated`` run in another process: ``asker`` asks them."""

    asker: Asker | None = None
    isolated: frozenset[str] = frozenset()

    def isolated_among(self, keys: Iterable[str | None]) -> list[str]:
        """Return those of these options that run in another process, each once."""
        return [] if self.asker is None else sorted(self.isolated.intersection(filter(None, keys)))

    def need(self, key: str) -> SendOption:
        """Return the option. Raises Refusal SEND_OPTION_UNKNOWN if it is not installed."""
        if key not in self._plugins:
            known = ", ".join(self._plugins)
            raise Refusal.of(StrategyCode.SEND_OPTION_UNKNOWN, key=key[:60], known=known)
        return self._plugins[key][0]
