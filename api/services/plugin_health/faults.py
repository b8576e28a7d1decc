"""The faults of send options, with their sentences."""

from typing import NamedTuple

from api.worker_processes.limits import MEGABYTE, Limit, Limits
from strategies.codes import Message
from strategies.package_options.option_faults import OptionFault


class Fault(NamedTuple):
    """One fault of a send option."""

    code: OptionFault
    sentence: str

    @property
    def counts(self) -> bool:
        """Whether the breaker counts it: it has ended or blocked a worker process."""
        return self.code not in (OptionFault.FAILED, OptionFault.NOT_DETERMINISTIC)


def fault_of_limit(limit: Limit, limits: Limits, call: str) -> Fault:
    """Return the fault of an option that exceeded a limit in a call, such as ``resolve()``."""
    match limit:
        case Limit.CPU:
            return _fault(OptionFault.TOO_MUCH_CPU.message(call=call, seconds=limits.cpu_seconds))
        case Limit.TIME:
            return _fault(OptionFault.TOO_MUCH_TIME.message(call=call, seconds=limits.wall_seconds))
        case Limit.MEMORY:
            return _fault(OptionFault.TOO_MUCH_MEMORY.message(call=call, megabytes=limits.memory_bytes // MEGABYTE))
        case Limit.OUTPUT:
            return _fault(OptionFault.ANSWER_TOO_LARGE.message(call=call, megabytes=limits.output_bytes // MEGABYTE))
        case Limit.CRASH:
            return _fault(OptionFault.CRASHED.message(call=call))


def fault_of_exception(error: str, call: str) -> Fault:
    """Return the fault of an option that raised an exception. ``error`` is the type's name."""
    return _fault(OptionFault.FAILED.message(call=call, error=error))


def two_answers() -> Fault:
    """Return the fault of an option that gave two answers to one question."""
    return _fault(OptionFault.NOT_DETERMINISTIC.message())


def _fault(message: Message) -> Fault:
    return Fault(OptionFault[message.code], message.sentence)
