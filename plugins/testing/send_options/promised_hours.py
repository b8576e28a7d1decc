"""Check that emails are sent in the hours that a test allows."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from plugins.testing.common.findings import Findings, Rule
from plugins.testing.send_options.cases import Case
from strategies.calendar import local
from strategies.timeline.records import Planned, PlannedTask

Allowed = Callable[[Mapping[str, Any], dt.datetime], bool]
"""Says whether an email can be sent, from the configuration and the local time in the zone of the email."""


def check_hours(allowed: Allowed | None, planned: Planned, case: Case, findings: Findings) -> None:
    """Check the time at which an email is sent. A time that a launch chose is not the option's."""
    if allowed is None or isinstance(planned, PlannedTask) or case.send_at is not None or case.time is not None:
        return
    codes = {note.code for note in planned.notes}
    at = local(planned.instant, planned.zone)
    if "CLOCKS_GO_FORWARD" in codes and "LATE" not in codes:  # the option chose an hour that the clocks skip
        at = dt.datetime.combine(planned.date, planned.time, at.tzinfo)
    if allowed(case.config, at):
        return
    if "LATE" in codes:
        fault = f"a late email is sent at {at:%A, %Y-%m-%d %H:%M} ({planned.zone}), which `allowed` refuses"
        change = "Return the allowed hours from window(). Without it, the server sends late emails at once."
    else:
        fault = f"an email is planned for {at:%A, %Y-%m-%d %H:%M} ({planned.zone}), which `allowed` refuses"
        change = "Choose another time in resolve(), or correct `allowed`."
    findings.add(Rule.ALLOWED, f"{fault}. The case: {case}", change)
