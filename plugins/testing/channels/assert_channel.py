"""``assert_channel``: run the whole contract of channels over one channel."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from plugins.contract import Channel
from plugins.loading.extension_points import CHANNELS
from plugins.testing.channels.accounts import check_accounts, check_unavailable
from plugins.testing.channels.delivery import Delivery
from plugins.testing.channels.event_loop_runs import guarded, run
from plugins.testing.common.declarations import check_configs, check_languages, check_schema, load_one, name_of
from plugins.testing.common.findings import Findings, Rule
from plugins.testing.common.watch import Watch

Configs = Sequence[Mapping[str, Any]]


def assert_channel(
    channel: Channel,
    configs: Configs | None = None,
    *,
    transmitted: Callable[[], int] | None = None,
    secrets: Sequence[str] = (),
    unavailable: Configs = (),
) -> None:
    """Check that a channel keeps the contract of channels. Raises ContractBrokenError with all faults.

    The channel delivers a few dozen emails, so let it deliver to a service of the test. ``configs`` are configurations
    of senders; leave them out if ``{}`` is one. ``transmitted`` returns how many emails the service has accepted so
    far. Without it the kit cannot see whether an email is sent that must not be. ``secrets`` are texts that no account
    and no receipt may contain, and ``unavailable`` configurations whose account cannot be opened.
    """
    checks = check_channel(channel, configs, transmitted=transmitted, secrets=secrets, unavailable=unavailable)
    run(checks, "assert_channel()", "check_channel()")


async def check_channel(
    channel: Channel,
    configs: Configs | None = None,
    *,
    transmitted: Callable[[], int] | None = None,
    secrets: Sequence[str] = (),
    unavailable: Configs = (),
) -> None:
    """Do what ``assert_channel`` does, in an asynchronous test."""
    findings = Findings(name_of(channel))
    watch = Watch(blocking=True)
    with watch.looking():
        await guarded(_check(channel, configs, transmitted, secrets, unavailable, findings), findings)
    for each in watch.seen:
        findings.add(
            Rule.BLOCKING,
            f"the channel calls {each.what} in the event loop ({each.where})",
            "Await asyncio.to_thread(…) or an asynchronous library: all sessions of a process share one event loop.",
        )
    findings.raise_any()


async def _check(
    channel: Channel,
    configs: Configs | None,
    transmitted: Callable[[], int] | None,
    secrets: Sequence[str],
    unavailable: Configs,
    findings: Findings,
) -> None:
    loaded = load_one(CHANNELS, channel, findings)
    check_languages({"labels": loaded.labels}, findings)
    check_schema(loaded.config_schema, findings)
    good = check_configs(loaded.config_schema, configs, findings)
    if transmitted is None:
        findings.hint("without `transmitted` the kit cannot see whether an email is sent that must not be.")
    await check_accounts(loaded, good, secrets, findings)
    await check_unavailable(loaded, unavailable, secrets, findings)
    findings.raise_any()
    count, counts = transmitted or (lambda: 0), transmitted is not None
    deliveries = [Delivery(loaded, config, count, counts, secrets, findings) for config in good]
    for delivery in deliveries:
        await delivery.run()
    for delivery in deliveries:
        await delivery.cancelled_while_sending()
