"""Refusals about people and their addresses."""

from strategies.codes import Code, code


class PersonCode(Code):
    """Refusals about people and their addresses."""

    BLOCKED_DOMAIN = code(
        "{problem}",
        when="The workspace sends nothing to this domain and its subdomains (also the reason of a failed email).",
        do="Change `setBlockedDomains`.",
    )
    BOUNCED = code(
        "{problem}",
        when=(
            "The person's address bounces: the recipient's server rejected it for good (also why an email failed or "
            "bounced, and why an enrollment ended)."
        ),
        do="Correct the address; if it is right, `clearBounce`.",
    )
    INVALID_ADDRESS = code(
        "{problem}",
        when="Nobody can be written to at this address.",
        do="One address, without a name.",
    )
    INVALID_DOMAIN = code(
        "{domain!r} is not a valid domain. Use a name like example.com.",
        when="This is no domain.",
        do="Such as example.com.",
    )
    INVALID_FIELDS = code(
        "Pass an object with up to {limit} names and texts.",
        name="{name} is not a valid name of a dynamic field. Use a-z, 0-9 and _, and no built-in name.",
        row="This row has {count} dynamic fields; a person can have {limit}.",
        text="The field {name} must be text.",
        too_many="With this row the person would have more than {limit} dynamic fields.",
        when="Dynamic fields of your own are an object of names and texts.",
        do="Names use a-z, 0-9 and _.",
    )
    NOTHING_SENT = code(
        "No email that could have bounced was sent to this person.",
        when="No email was sent that could have bounced.",
        do="Check the enrollment.",
    )
    NOT_UNSUBSCRIBED = code(
        "{address} has not unsubscribed from this workspace.",
        when="The address has not unsubscribed, or was resubscribed.",
        do="Nothing: it may be written to.",
    )
    PERSON_EXISTS = code(
        "{email} is already in this workspace.",
        when="Someone with this address is in the workspace.",
        do="Update that person.",
    )
    TOO_MANY_IMPORTS = code(
        "A workspace runs up to {limit} imports at once. Wait until one has finished.",
        when="A workspace runs up to 5 imports at once, those that wait included.",
        do="Wait until one has ended.",
    )
    UNSUBSCRIBED = code(
        "{email} has unsubscribed.",
        meanwhile="This person's address has just unsubscribed.",
        when="The address has unsubscribed (also the reason of a failed email, and why a person's campaigns ended).",
        do="Respect it. `resubscribe` is for people who ask for emails again.",
    )
