"""The faults of packages' send options that the server finds when it asks them in a worker process."""

from strategies.codes import Code, code


class OptionFault(Code):
    """Faults of packages' send options."""

    ANSWER_TOO_LARGE = code(
        "Its answer in {call} has more than {megabytes:,} MB.",
        when="The option's answer is too large.",
        do="Return fewer and shorter notes.",
    )
    CRASHED = code(
        "It ended the process that ran it, in {call}.",
        when="The option ended the worker process that ran it, such as by `os._exit` or a fault in C code.",
        do="Correct the package.",
    )
    FAILED = code(
        "It raised {error} in {call}, or returned what the contract does not allow.",
        when="The option raised an exception, or returned a result that the contract does not allow.",
        do="Correct the package. The server's log has the traceback.",
    )
    NOT_DETERMINISTIC = code(
        "It gave two answers to the same question.",
        when="The option gave two answers to the same question. The plan keeps the first.",
        do="Use the `StepContext` only: no clock, no random numbers, no state between calls.",
    )
    TOO_MUCH_CPU = code(
        "One call of {call} used more than {seconds:g} s of CPU time.",
        when="One call of the option used more CPU time than allowed.",
        do="Make the option faster. It is called for each person and each step.",
    )
    TOO_MUCH_MEMORY = code(
        "It used more than {megabytes:,} MB of memory, in {call}.",
        when="The option used more memory than allowed.",
        do="Keep nothing between calls, and make no large objects.",
    )
    TOO_MUCH_TIME = code(
        "One call of {call} took more than {seconds:g} s.",
        when="One call of the option took too long. It may wait for something, such as a lock or the network. On a busy"
        " machine an endless loop ends with this too.",
        do="Use the `StepContext` only. An option must not wait for anything.",
    )
