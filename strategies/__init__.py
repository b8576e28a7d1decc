"""The send options, and the scheduling rules that they share: they decide when each step is due.

"Strategy" is the pattern behind a send option. Packages import from here, or from ``touchline.partners``.

A send option is a subclass of SendOption, returned by a function ``touchline_register_send_options`` that
carries ``@hookimpl``, in a module that the package names in its ``touchline`` entry points.

Imports: nothing.
Imported by: channel_processes, cli, codes, csv_reading, deliverability, graphql, http, mail, models, plugins,
    services.bulk, services.campaigns, services.common, services.compose, services.crm.activities,
    services.crm.connections, services.crm.people, services.crm.tasks, services.dispatch, services.emails,
    services.enrollments, services.following, services.jobs, services.launches, services.one_off_emails,
    services.option_calls, services.people, services.plugin_health, services.replies, services.reports,
    services.saved_filters, services.simulations, services.tasks, services.templates, services.test_email_sends,
    services.workspaces, store, testing.
"""

from strategies.calendar import Calendar
from strategies.contract import (
    Availability,
    ByValue,
    CreateTask,
    Note,
    Plural,
    Position,
    SendAt,
    SendOption,
    StepContext,
    StepType,
    WarningNote,
)
from strategies.errors import Refusal
from strategies.facts import CampaignFacts, Facts, FieldValues, PersonFacts, Reads, UndeclaredReadError
from strategies.history import History, HourCounts
from strategies.hookspecs import hookimpl, hookspec
from strategies.ranges import Range

__all__ = [
    "Availability",
    "ByValue",
    "Calendar",
    "CampaignFacts",
    "CreateTask",
    "Facts",
    "FieldValues",
    "History",
    "HourCounts",
    "Note",
    "PersonFacts",
    "Plural",
    "Position",
    "Range",
    "Reads",
    "Refusal",
    "SendAt",
    "SendOption",
    "StepContext",
    "StepType",
    "UndeclaredReadError",
    "WarningNote",
    "hookimpl",
    "hookspec",
]
