"""Replace the channels of packages by those that run in processes of their own."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import cast

from api.channel_processes.process import Source
from api.channel_processes.remote_channel import RemoteChannel
from plugins.contract import Channel
from plugins.loading.extension_points import CHANNELS
from plugins.loading.manager import Installed
from plugins.loading.wrappers import ChannelWrapper
from strategies.registry import OWN_DISTRIBUTION, Registry


def isolated(installed: Installed, environment: Mapping[str, str]) -> Installed:
    """Return the installed plugins with packages' channels in processes of their own. Touchline's own stay here.

    ``environment`` is that of the processes. A process starts at the first call of its channel.
    """
    channels: Registry[Channel] = Registry()
    sources = {
        key: Source(package.distribution, package.module, key, environment)
        for package in installed.packages
        for key in package.keys.get(CHANNELS.hook, ())
        if package.distribution != OWN_DISTRIBUTION
    }
    owners = cast(Registry[Channel], installed.channels)
    for key, channel in installed.channels.items():
        remote = RemoteChannel(cast(ChannelWrapper, channel), sources[key]) if key in sources else channel
        channels.register(key, remote, owners.distribution(key))
    registries = MappingProxyType({**installed.registries, CHANNELS.hook: channels})
    return replace(installed, registries=registries)


def remote_channels(installed: Installed) -> list[RemoteChannel]:
    """Return the channels that run in processes of their own."""
    return [channel for channel in installed.channels.values() if isinstance(channel, RemoteChannel)]


def close_channels(installed: Installed) -> None:
    """End the processes of all channels."""
    for channel in remote_channels(installed):
        channel.close()


@asynccontextmanager
async def channel_processes(installed: Installed) -> AsyncIterator[None]:
    """End the processes of all channels at the end of the block."""
    try:
        yield
    finally:
        close_channels(installed)
