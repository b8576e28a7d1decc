"""Refusals about connections to CRMs. Why a CRM itself refuses something is in ``plugins/crms/codes.py``."""

from strategies.codes import Code, code


class CrmConnectionCode(Code):
    """Refusals about connections to CRMs."""

    CRM_ALREADY_CONNECTED = code(
        (
            "The workspace is connected to {organization} ({crm}). Call disconnectCrm first, and choose there what "
            "happens to changes that wait."
        ),
        when="The workspace, or the sender, is connected to another organization or another CRM.",
        do="Call `disconnectCrm`, then connect again.",
    )
    CRM_CONSENT_FAILED = code(
        "The CRM did not grant the access: {fault}",
        when="The user denied the access on the CRM's page, or the CRM returned no code.",
        do="Start again with `startCrmConnection`, and allow the access.",
    )
    CRM_CONSENT_UNKNOWN = code(
        "This login has ended, or was used already. Start again.",
        when="A browser returned from the CRM with a state that is unknown, used, or older than 15 minutes.",
        do="Call `startCrmConnection` again, and open its URL within 15 minutes.",
    )
    CRM_FIELD_REQUIRED = code(
        "{field} is required to connect in this way.",
        when="A value that this way to connect needs is missing.",
        do="Query `crms { ways { fields { key required } } }`, and give the value.",
    )
    CRM_FIELD_UNKNOWN = code(
        "The way {way!r} has no field {field!r:.60}. Its fields are: {fields}.",
        twice="The field {field!r:.60} is given twice.",
        when="A value is given for a field that the way to connect does not have, or twice.",
        do="Query `crms { ways { fields { key } } }`.",
    )
    CRM_FIELD_INVALID = code(
        "{field} must be one of: {choices}.",
        name="{field} is not the name of a field. Use only letters, digits and underscores.",
        private_key="{field} must be a private RSA key in PEM format, without a password, of at least 2,048 bits.",
        when="A value does not have the form that the connection needs.",
        do="Correct the value. docs/salesforce.md says how to make a private key.",
    )
    CRM_IN_SANDBOX = code(
        "A sandbox works with a virtual clock and is not connected to a CRM. Use a workspace that runs in real time.",
        when="The workspace is a sandbox.",
        do="Use a workspace that runs in real time. It can be connected to a sandbox of the CRM.",
    )
    CRM_KEEP_DAYS_INVALID = code(
        "Changes can be kept for {least} to {most} days.",
        not_kept="Leave keepDays out if the changes are dropped.",
        when="`keepDays` is outside its limits, or given together with DROP.",
        do="Choose 1 to 90 days, or leave it out.",
    )
    CRM_NOT_CONNECTED = code(
        "This workspace is not connected to a CRM.",
        sender="This sender has no connection of their own to a CRM.",
        when="The workspace, or the sender, is not connected to a CRM.",
        do="Call `connectCrm` or `startCrmConnection`.",
    )
    CRM_NOT_USABLE = code(
        "The connection is paused. Call retryCrm to use it again.",
        reconnect="The CRM no longer accepts the connection ({reason}). Connect again.",
        when="The connection is paused, or the CRM no longer accepts its access.",
        do="Query `crmConnection { state problem { code message do } }`.",
    )
    CRM_ORGANIZATION_CHANGED = code(
        (
            "The connection leads to another organization now: {found}. It was connected to {expected}. Call "
            "disconnectCrm first."
        ),
        when="The new access of a connection belongs to another organization. Its records have other ids.",
        do="Connect to the same organization, or call `disconnectCrm` first.",
    )
    CRM_OWN_LOGIN_REQUIRED = code(
        "A sender connects as themselves, on the CRM's own page. Call startCrmConnection with senderId.",
        when="A sender's own connection must be approved by the user on the CRM's page.",
        do="Call `startCrmConnection`.",
    )
    CRM_PUBLIC_URL_REQUIRED = code(
        "Set TOUCHLINE_PUBLIC_URL on the server, so that the CRM can send the user back.",
        when="The setting TOUCHLINE_PUBLIC_URL is missing, so a user cannot come back from the CRM.",
        do="Set TOUCHLINE_PUBLIC_URL, and enter its `/crm/callback` as callback URL in the CRM.",
    )
    CRM_SHARE_INVALID = code(
        "The share of the API limit must be from {least} to {most} percent.",
        when="The share of the CRM's API limit is outside its limits.",
        do="Choose a percentage from 1 to 100.",
    )
    CRM_TOO_MANY_LOGINS = code(
        "This workspace has {limit} unfinished logins. Finish one, or try again in 15 minutes.",
        when="Too many logins on the CRM's page are not finished.",
        do="Finish one of them, or try again in 15 minutes.",
    )
    CRM_UNKNOWN = code(
        "No CRM {crm!r:.60} is installed. Installed: {installed}.",
        when="No CRM with this key is installed.",
        do="Query `crms`.",
    )
    CRM_URL_INVALID = code(
        "{field} cannot be used: {fault}.",
        when="The URL of the CRM is not an https URL of a public host, without a path.",
        do="Give a URL such as `https://example.my.salesforce.com`.",
    )
    CRM_USER_UNKNOWN = code(
        "The CRM has no active user {user!r:.60}.",
        when="The CRM has no active user with this id.",
        do="Query `crmUsers`, or copy the id of an active user from the CRM.",
    )
    CRM_WAY_UNKNOWN = code(
        "{crm} has no way {way!r:.60} to connect. Its ways are: {ways}.",
        consent="This way needs a user's approval on the CRM's page. Call startCrmConnection.",
        no_consent="This way needs no approval on the CRM's page. Call connectCrm.",
        when="The CRM does not have this way to connect, or the way needs another mutation.",
        do="Query `crms { ways { key asksConsent } }`.",
    )
    ENCRYPTION_KEY_REQUIRED = code(
        "The server needs TOUCHLINE_ENCRYPTION_KEY to encrypt the secrets of the connection. {hint}",
        when="The setting TOUCHLINE_ENCRYPTION_KEY is missing, and secrets are never stored as plain text.",
        do="Generate a key, set TOUCHLINE_ENCRYPTION_KEY on all machines, and start the processes again.",
    )
    ENCRYPTION_KEY_WRONG = code(
        "The secrets of the connection were encrypted with a key that TOUCHLINE_ENCRYPTION_KEY does not contain.",
        when="No key of TOUCHLINE_ENCRYPTION_KEY decrypts the secrets of a connection.",
        do="Add the old key after the current one, with a comma between them. If it is lost, connect again.",
    )
