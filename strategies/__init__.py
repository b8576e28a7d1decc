"""Decide when each step is sent. Partners import from here to write a send option.

A send option is a subclass of SendOption, returned by a function ``touchline_register_send_options`` that
carries ``@hookimpl``, in a module that the package names in its ``touchline`` entry points.

Imports: nothing.
Imported by: everybody.
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
from strategies.hookspecs import hookimpl, hookspec

__all__ = [
    "Availability",
    "ByValue",
    "Calendar",
    "CreateTask",
    "Note",
    "Plural",
    "Position",
    "Refusal",
    "SendAt",
    "SendOption",
    "StepContext",
    "StepType",
    "WarningNote",
    "hookimpl",
    "hookspec",
]
