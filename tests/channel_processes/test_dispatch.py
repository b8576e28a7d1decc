"""Dispatch through a package's channel: its evils cost its own emails a pause or a doubt, and nobody else anything."""

from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from api.channel_processes.isolation import remote_channels
from api.cli.plugins.list_packages import list_plugins
from api.clock import system_clock
from api.codes.reasons.channel_faults import ChannelFault
from api.http.monitoring.plugin_metrics import add_plugins
from api.models import AccountPause, Event, Send, Sender
from api.services.dispatch.dispatcher import Dispatcher, run_once
from api.services.plugin_health.channels import (
    health_of_channels,
    health_of_packages,
    record_channel_fault,
    record_channels,
)
from api.settings import Settings
from api.states import PluginState, SendStatus
from api.store.engine.database import close_database, migrate, open_database
from plugins.loading.manager import Installed
from tests.databases import on_sqlite
from tests.services.world import NOW, make_world, with_channel

MINUTE = timedelta(minutes=1)


@on_sqlite
async def test_an_evil_channel_harms_its_own_emails_only(
    database: str,
    installed: Installed,
    caplog: pytest.LogCaptureFixture,
) -> None:
    mine = await make_world(2)
    others = await make_world(2)
    now = NOW
    record_channels(installed, lambda: now)
    runtime = replace(mine.runtime, installed=with_channel(installed, others.channel), clock=lambda: now)
    senders = Sender.filter(workspace_id=mine.context.workspace_id)
    due = Send.filter(workspace_id=mine.context.workspace_id, due_at__lte=NOW + timedelta(days=1)).order_by("id")
    await senders.update(channel="evil", channel_config={"evil": "die", "where": "before"})
    await run_once(runtime, now)
    assert await Send.filter(workspace_id=others.context.workspace_id, status=SendStatus.SENT).count() == 2
    assert [(each.status, each.attempts, each.reason) for each in await due] == [
        (SendStatus.SCHEDULED, 0, "CHANNEL_CRASHED")
    ] * 2
    assert (await AccountPause.get()).code == "CHANNEL_CRASHED"
    paused = await Event.get(kind="ACCOUNT_PAUSED")
    assert (paused.workspace_id, paused.data["account"]) == (mine.context.workspace_id, "evil:die:before")
    assert (paused.data["channel"], paused.data["package"]) == ("evil", "touchline-evil-channel")
    health = (await health_of_channels(installed, now))["evil"]
    assert (health.state, health.fault_code) == (PluginState.FAILING, "CHANNEL_CRASHED")

    await senders.update(channel_config={"evil": "die", "where": "after"})
    now = NOW + 2 * MINUTE
    await run_once(runtime, now)
    statuses = [each.status for each in await due]
    assert SendStatus.IN_DOUBT in statuses
    assert SendStatus.SENT not in statuses
    assert (await health_of_channels(installed, now))["evil"].state is PluginState.PAUSED, "three faults"
    remote_channels(installed)[0]._blocked_until = 0.0  # the pause ends

    doubt = await Event.filter(kind="EMAIL_IN_DOUBT").first()
    assert doubt is not None
    assert doubt.data == {"reason": "CHANNEL_CRASHED", "channel": "evil", "package": "touchline-evil-channel"}

    await senders.update(channel_config={"evil": "exit", "where": "before"})
    now = NOW + timedelta(minutes=30)
    await due.update(status=SendStatus.SCHEDULED, due_at=now, attempt_id=None)
    await run_once(runtime, now)
    assert [(each.status, each.reason) for each in await due] == [(SendStatus.DEFERRED, "CHANNEL_FAILED")] * 2
    assert (await due)[0].detail.startswith("The channel evil of touchline-evil-channel raised SystemExit in deliver()")

    await senders.update(channel_config={"evil": "nobody"})
    now = NOW + timedelta(minutes=40)
    await due.update(status=SendStatus.SCHEDULED, due_at=now, attempt_id=None)
    await run_once(runtime, now)
    assert [each.status for each in await due] == [SendStatus.SENT] * 2
    assert (await health_of_channels(installed, now))["evil"].state is PluginState.FAILING, "within the hour"

    looping = Dispatcher(runtime, linger=1)
    await senders.update(channel_config={"evil": "another"})
    await due.update(status=SendStatus.SCHEDULED, due_at=now, attempt_id=None)
    counts = await looping.step(now)
    assert counts.claimed == 0, "the step does not wait for the channel to name its account"
    assert counts.next_at == now + timedelta(seconds=1)
    await looping.stop()


@on_sqlite
async def test_the_first_success_ends_a_pause_that_an_earlier_process_has_left(
    database: str, installed: Installed
) -> None:
    record_channels(installed, lambda: NOW)
    fault = ChannelFault.CHANNEL_CRASHED.message(channel="evil", package="touchline-evil-channel", call="deliver()")
    for _ in range(3):
        await record_channel_fault("evil", "touchline-evil-channel", fault, NOW)
    assert (await health_of_channels(installed, NOW + MINUTE))["evil"].state is PluginState.PAUSED
    channel = next(each for each in remote_channels(installed) if each.key == "evil")
    await channel.works()
    health = (await health_of_channels(installed, NOW + MINUTE))["evil"]
    assert (health.state, health.next_try_at) == (PluginState.FAILING, None)


@on_sqlite
async def test_faults_are_shown_with_their_package(
    database_url: str, installed: Installed, capsys: pytest.CaptureFixture[str]
) -> None:
    await open_database(database_url)
    await migrate()
    clock = system_clock()
    fault = ChannelFault.CHANNEL_CRASHED.message(channel="evil", package="touchline-evil-channel", call="deliver()")
    for _ in range(3):
        await record_channel_fault("evil", "touchline-evil-channel", fault, clock)
    registry = CollectorRegistry()
    add_plugins(registry, await health_of_packages(installed, clock), clock)
    lines = generate_latest(registry).decode().splitlines()
    labels = 'key="evil",kind="channel",package="touchline-evil-channel"'
    assert f"touchline_plugin_up{{{labels}}} 0.0" in lines
    assert f"touchline_plugin_fault_seconds{{{labels}}} 0.0" in lines
    assert f"touchline_plugin_up{{{labels.replace('evil', 'evil_batch', 1)}}} 1.0" in lines
    await close_database()
    assert await list_plugins(replace(Settings(), database_url=database_url)) == 0
    printed = capsys.readouterr().out
    assert "paused evil (touchline-evil-channel): CHANNEL_CRASHED at " in printed
    assert fault.sentence in printed
