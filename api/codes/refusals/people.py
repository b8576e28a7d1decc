"""Refusals about people and their addresses."""

from strategies.codes import Code, code


class PersonCode(Code):
    """Refusals about people and their addresses."""

    BLOCKED_DOMAIN = code(
        "This workspace sends nothing to {domain} and its subdomains. Use another address, or unblock the domain.",
        when="The workspace sends nothing to this domain and its subdomains (also the reason of a failed email).",
        do="Use another address, or unblock the domain with `setBlockedDomains`.",
    )
    BOUNCED = code(
        "Emails to {email} bounce. Correct the address. If the address is correct, call clearBounce.",
        ended="An earlier email bounced, so this campaign has ended for the person.",
        returned="The recipient's server returned the email.",
        when=(
            "The person's address bounces: the recipient's server rejected it permanently. Also why an email failed or "
            "bounced, and why an enrollment ended."
        ),
        do="Correct the address. If the address is correct, call `clearBounce`.",
    )
    GROUP_EXISTS = code(
        "This workspace already has a group {name!r}. Choose another name.",
        when="Another group of the workspace has this name.",
        do="Choose another name.",
    )
    GROUP_FULL = code(
        "A group can have up to {limit:,} people. Make another group.",
        when="A group would get more than 200,000 people.",
        do="Make another group.",
    )
    INVALID_ADDRESS = code(
        "'{address}' is not a valid email address: {fault}",
        no_at="'{address}' is not a valid email address: it has no @ sign.",
        too_long="An address can have up to {limit} characters; this has {length:,}.",
        when="This is not a valid email address.",
        do="Give a single address without a display name.",
    )
    INVALID_DOMAIN = code(
        "{domain!r} is not a valid domain. Use a name like example.com.",
        when="This is not a valid domain name.",
        do="Use a name such as example.com.",
    )
    INVALID_FIELDS = code(
        "Give a JSON object with up to {limit} dynamic fields, whose values are texts.",
        name="{name} is not a valid name of a dynamic field. Use a-z, 0-9 and _, and no built-in name.",
        row="This row has {count} dynamic fields; a person can have {limit}.",
        text="The field {name} must be text.",
        too_many="With this row the person would have more than {limit} dynamic fields.",
        when="The dynamic fields are not an object whose names are valid and whose values are texts.",
        do="Use a-z, 0-9 and _ in names, and texts as values.",
    )
    MERGE_CONFLICT = code(
        "Both people are or were in the campaign {campaigns}, and one of them is active there. End it for them first.",
        same="These are the same person. Give two people.",
        when="One of two people is active in a campaign that the other is or was in. Or both are the same.",
        do="End the campaign for the people who are active in it, then merge again.",
    )
    NOTHING_SENT = code(
        "This person has no sent email, so nothing can have bounced.",
        bounced="This email was not sent, or it has bounced already.",
        answered="This email was not sent, so nobody can have answered it.",
        when="The person got no email that could have bounced, or the email was not sent.",
        do="Query the emails of the enrollment.",
    )
    NOT_UNSUBSCRIBED = code(
        "{address} has not unsubscribed from this workspace.",
        when="The address has not unsubscribed, or was resubscribed.",
        do="Nothing. Touchline sends emails to this address.",
    )
    PERSON_ERASED = code(
        "This person was erased and has no address. Nothing can be sent to them.",
        when="A request would send an email to a person who was erased.",
        do="Nothing.",
    )
    PERSON_EXISTS = code(
        "{email} is already in this workspace. Update that person.",
        when="The workspace already has a person with this address.",
        do="Update that person.",
    )
    TOO_MANY_GROUPS = code(
        "A workspace can have up to {limit:,} groups. Delete one that nobody uses.",
        when="The workspace has 1,000 groups.",
        do="Delete a group that nobody uses.",
    )
    UNSUBSCRIBED = code(
        "{email} has unsubscribed.",
        ended="The address has unsubscribed.",
        meanwhile="This person's address has just unsubscribed.",
        when="The address has unsubscribed (also the reason of a failed email, and why a person's campaigns ended).",
        do="Do not write to this address. Call `resubscribe` only if the person asks for emails again.",
    )
