"""Refusals about senders, accounts and sandboxes."""

from strategies.codes import Code, code


class WorkspaceCode(Code):
    """Refusals about senders, accounts and sandboxes."""

    ACCOUNT_NOT_ALLOWED = code(
        "{problem}",
        when="The workspace may not use the account that the sender's configuration names. Also why an email failed.",
        do=(
            "Ask `workspace { accounts }`, or the operator: `touchline accounts allow`. Then retry the emails that "
            "failed."
        ),
    )
    ACCOUNT_SHARED = code(
        "Other workspaces use this account too. Its operator tries it again: `touchline accounts resume {account}`.",
        when="The account waits, and other workspaces use it as well.",
        do="The operator tries it again: `touchline accounts resume`.",
    )
    ACCOUNT_UNKNOWN = code(
        "No account {account!r:.80} is configured here. Configured: {configured}.",
        when="No channel has an account of that name configured. Told on the command line only.",
        do=(
            "Take one of the accounts that the sentence lists; or `--unchecked`, where the settings of the command are "
            "not those of the server."
        ),
    )
    CHANNEL_UNKNOWN = code(
        "No channel {channel!r:.60} is installed. Installed: {installed}.",
        when="No such channel is installed.",
        do="Ask `channels`.",
    )
    CLOCK_GOES_FORWARD = code(
        "The clock already shows {now}. It cannot go back.",
        when="A sandbox's clock cannot go back.",
        do="Make a new sandbox.",
    )
    INVALID_THROTTLE = code(
        "{argument} goes from 1 to {limit:,}; this is {value:,}.",
        when="A throttle or daily cap lies outside its limits.",
        do="The message says which.",
    )
    NOT_A_SANDBOX = code(
        "Only a sandbox's clock can be moved. This workspace runs in real time.",
        when="This workspace runs in real time.",
        do="Use a sandbox.",
    )
    SENDER_EXISTS = code(
        "A sender with the address {email} exists already.",
        when="A sender with this address exists.",
        do="Use it.",
    )
    TOO_MUCH_DUE = code(
        "More is due on the way than one move of the clock can do. Move it in smaller steps.",
        when="More falls due than one move of the clock can do.",
        do="Move in smaller steps.",
    )
