"""The modules that can register plugins: Touchline's own, then those that packages name in their entry points."""

import importlib
import importlib.metadata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from plugins.built_in import BUILT_IN_PLUGINS
from strategies.registry import OWN_DISTRIBUTION

ENTRY_POINT_GROUP = "touchline"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One module that is not imported yet."""

    distribution: str
    version: str
    name: str
    module: str
    load: Callable[[], Any]


def candidates() -> Iterator[Candidate]:
    """Yield Touchline's own modules, then those of packages by name, so that every start has the same order."""
    try:
        version = importlib.metadata.version(OWN_DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        version = "unknown"  # run from a source folder that was never installed
    for module in BUILT_IN_PLUGINS:
        yield Candidate(OWN_DISTRIBUTION, version, module, module, partial(importlib.import_module, module))
    found = []
    for entry in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
        distribution, version = (entry.dist.name, entry.dist.version) if entry.dist else ("unknown", "unknown")
        found.append(Candidate(distribution, version, entry.name, entry.value, entry.load))
    yield from sorted(found, key=lambda candidate: (candidate.distribution.casefold(), candidate.name))
