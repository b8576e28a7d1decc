"""Codes with which a webhook refuses a request. The provider gets the HTTP status, the code and the sentence."""

from strategies.codes import Code, code


class WebhookCode(Code):
    """Codes with which a webhook refuses a request."""

    WEBHOOK_BAD_SIGNATURE = code(
        "The signature does not belong to this request.",
        wrong_login="The password is wrong.",
        replayed="This signature has been used for another request.",
        topic="The topic is not one of the webhook's setting.",
        when="403: the signature or the password is wrong, was used before, or the topic is not in the setting.",
        do="Compare the webhook's setting with the key of the provider. A proxy must not change the body.",
    )
    WEBHOOK_BUSY = code(
        "Too many requests are waiting. Try again in a moment.",
        certificate="The certificate of the signature cannot be read at the moment ({fault}). Try again later.",
        confirmation="The subscription cannot be confirmed at the moment ({fault}). Try again later.",
        database="The database does not answer. Try again later.",
        when="503: the request cannot be handled at the moment (`Retry-After`). Nothing was stored.",
        do="Nothing. The provider repeats the request.",
    )
    WEBHOOK_FAILED = code(
        "The webhook failed. See the server's log.",
        fault="The webhook failed with {error}. The server's log has the traceback.",
        when="500: the package of the webhook has a bug. Nothing was stored.",
        do="Correct the package. The server's log has the traceback.",
    )
    WEBHOOK_INVALID = code(
        "The request cannot be read: {fault}.",
        content_type="The content type must be one of {types}.",
        compressed="The body must not be compressed.",
        incomplete="The body ended too early.",
        when="400 or 415: the body is not in the provider's format.",
        do="Send the body as the format describes it. The sentence says what is wrong.",
    )
    WEBHOOK_NOT_FOUND = code(
        "There is no webhook at this path. A built-in webhook exists only if its setting is set.",
        when="404: no webhook has this key and account, or its setting is missing in this process.",
        do="Set the webhook's setting, and compare the path.",
    )
    WEBHOOK_TOO_LARGE = code(
        "The body can have up to {limit:,} bytes.",
        values="The body can have up to {limit:,} values.",
        events="A request can have up to {limit:,} events.",
        when="413: the body, or the number of its events, is too large.",
        do="Send fewer events in one request.",
    )
    WEBHOOK_TOO_OLD = code(
        "The request was signed at {signed_at}, which is too long ago or in the future.",
        when="403: the signed time is too far from now, as in a request that somebody recorded and repeats.",
        do="Sign each request when it is sent, and check the clock.",
    )
    WEBHOOK_UNSIGNED = code(
        "The request has no signature. It belongs in {names}.",
        timestamp="The signed time must be a number of seconds since 1970.",
        no_login="The request needs the password of the webhook's setting.",
        when="401: the request has no signature or password.",
        do="Switch on the provider's signatures, or send the password.",
    )
