"""Refusals about activities that are logged to a CRM."""

from strategies.codes import Code, code


class CrmActivityCode(Code):
    """Refusals about activities that are logged to a CRM."""

    INVALID_SUBJECT_PATTERN = code(
        "{{{{{name}}}}} is not a variable of a subject pattern. The variables are {known}.",
        braces="Each {{{{ of a subject pattern needs a variable and }}}}.",
        long="A subject pattern has up to {limit} characters.",
        empty="A subject pattern needs text. Leave it out to use the default.",
        lines="A subject pattern is one line; this has a line break at character {at}.",
        when="The pattern of the subjects in the CRM cannot be used.",
        do="Use free text and the variables that the message lists.",
    )
