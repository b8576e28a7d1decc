"""Refusals about senders, accounts and sandboxes."""

from strategies.codes import Code, code


class WorkspaceCode(Code):
    """Refusals about senders, accounts and sandboxes."""

    ACCOUNT_NOT_ALLOWED = code(
        (
            "This workspace is not allowed to use the account {account}. The operator of this server can allow it: "
            "`touchline accounts allow`."
        ),
        when=(
            "The workspace is not allowed to use the account in the sender's configuration. Also why an email failed."
        ),
        do=(
            "Use an account of `workspace { accounts }`, or let the operator call `touchline accounts allow`. Then "
            "retry the failed emails."
        ),
    )
    ACCOUNT_SHARED = code(
        "Other workspaces use this account too. Ask the operator to call `touchline accounts resume {account}`.",
        when="The paused account is also used by other workspaces.",
        do="Ask the operator to call `touchline accounts resume`.",
    )
    ACCOUNT_UNKNOWN = code(
        "No account {account!r:.80} is configured here. Configured: {configured}.",
        when="No channel has an account of this name. Only the command line has this error.",
        do=(
            "Use one of the accounts that the message lists. If the command does not have the server's settings, add "
            "`--unchecked`."
        ),
    )
    CHANNEL_UNKNOWN = code(
        "No channel {channel!r:.60} is installed. Installed: {installed}.",
        when="No channel with this key is installed.",
        do="Query `channels`.",
    )
    CLOCK_GOES_FORWARD = code(
        "The clock already shows {now}. The clock cannot go back.",
        when="A sandbox's clock cannot go back.",
        do="Create a new sandbox.",
    )
    INVALID_THROTTLE = code(
        "{argument} must be between 1 and {limit:,} (got {value:,}).",
        when="A throttle or a daily cap is outside its limits.",
        do="Correct the value that the message names.",
    )
    INVALID_UNSUBSCRIBE_LINE = code(
        "The unsubscribe line cannot be used. {fault}",
        when="The workspace's own unsubscribe line has no link, another field, or HTML that emails cannot have.",
        do='Give short HTML with a link, such as `<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>`.',
    )
    LAST_ADMIN_TOKEN = code(
        "{name!r:.60} is the only token with the role ADMIN. Create another one first.",
        when="Without this token, no token of the workspace would have the role ADMIN.",
        do="Create another token with the role ADMIN, and revoke this one with it.",
    )
    NOT_A_SANDBOX = code(
        "Only a sandbox's clock can be moved. This workspace runs in real time.",
        answers="Answers can be played in a sandbox only. This workspace runs in real time.",
        when="This workspace runs in real time.",
        do="Use a sandbox.",
    )
    ROLE_REQUIRED = code(
        "This operation needs a token with the role {role}. Your token has the role {given}.",
        when="The role of your token does not allow this operation. `viewer { role }` shows it.",
        do="Use a token with this role. `createToken` creates one, and so does `touchline workspace NAME --role`.",
    )
    SENDER_EXISTS = code(
        "A sender with the address {email} already exists. Use that sender.",
        when="A sender with this address exists.",
        do="Use that sender.",
    )
    TOKEN_EXISTS = code(
        "A token with the name {name!r:.60} already exists. Choose another name, or revoke that token first.",
        when="A token of this workspace has this name.",
        do="Choose another name, or revoke that token first.",
    )
    TOO_MANY_TOKENS = code(
        "A workspace can have up to {limit} tokens. Revoke those that nobody uses.",
        when="The workspace has as many tokens as are allowed.",
        do="Revoke those that nobody uses.",
    )
    TOO_MUCH_DUE = code(
        "Too many emails and tasks are due before the new time. Move the clock in smaller steps.",
        when="Too many emails and tasks are due before the new time for one move of the clock.",
        do="Move the clock in smaller steps.",
    )
