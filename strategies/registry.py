"""From a key to the send option that is installed under it."""

from collections.abc import Iterator, Mapping

from strategies.contract import SendOption
from strategies.errors import Refusal


class SendOptions(Mapping[str, SendOption]):
    """The installed send options, in the order in which they were registered."""

    def __init__(self) -> None:
        self._options: dict[str, tuple[SendOption, str]] = {}

    def register(self, option: SendOption, distribution: str) -> None:
        """Add an option. Raises ValueError naming both distributions when the key is taken."""
        if option.key in self._options:
            owner = self._options[option.key][1]
            raise ValueError(f"send option {option.key!r} of {distribution} is already registered by {owner}")
        self._options[option.key] = (option, distribution)

    def need(self, key: str) -> SendOption:
        """Return the option. Raises Refusal SEND_OPTION_UNKNOWN when it is not installed."""
        if key not in self._options:
            known = ", ".join(self._options)
            raise Refusal("SEND_OPTION_UNKNOWN", f"No send option {key[:60]!r} is installed. Installed: {known}.")
        return self._options[key][0]

    def distribution(self, key: str) -> str:
        """Return the name of the distribution that registered the option."""
        return self._options[key][1]

    def __getitem__(self, key: str) -> SendOption:
        return self._options[key][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._options)

    def __len__(self) -> int:
        return len(self._options)
