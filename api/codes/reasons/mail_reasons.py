"""Why a mail was read as a reply, a bounce, a complaint, or something else."""

from strategies.codes import Code, code


class MailReason(Code):
    """Why ``read_mail`` gave a mail its kind. `touchline mail read` prints the sentence."""

    ANSWERS_OUR_MAIL = code(
        "A person answered: {evidence}.",
        when="The mail refers to an earlier one, and nothing says that a program wrote it.",
        do="Nothing. It is a reply.",
    )
    AUTO_HEADER = code(
        "A program wrote this answer: it has the header {header}.",
        when="A header says that a program answered (RFC 3834, or the headers of older programs).",
        do="Nothing. An automatic answer is not a reply.",
    )
    AUTO_TEXT = code(
        "The words of an absence notice: {phrase!r}.",
        when="The subject or the first lines are those of an absence notice, and no header says so.",
        do="Nothing. An automatic answer is not a reply.",
    )
    BULK_MAIL = code(
        "This mail went to a list or to many people: it has the header {header}.",
        when="The mail is a newsletter, a notification or a mail of a mailing list.",
        do="Nothing. It is not an answer of a person.",
    )
    COMPLAINT_REPORT = code(
        "The recipient complained: a feedback report (RFC 5965) of type {feedback!r}.",
        when="A mail provider reports that the recipient marked the email as spam, or wants no more of them.",
        do="Nothing. The address is unsubscribed.",
    )
    DELIVERY_DELAYED = code(
        "The mail server reports a delay. It is still trying to deliver the email.",
        when="The email was not delivered yet, and the server keeps trying.",
        do="Nothing. A second report follows if the server gives up.",
    )
    DELIVERY_CONFIRMED = code(
        "The mail server reports that it delivered or passed on the email.",
        when="A delivery report says delivered, relayed or expanded.",
        do="Nothing. It is not an answer.",
    )
    FAILURE_REPORT = code(
        "A delivery report (RFC 3464) says that the email failed.",
        when="The mail has the fields of a delivery report, and its action is failed.",
        do="Nothing. It is a bounce.",
    )
    FAILURE_TEXT = code(
        "A mail server reports in its own words that it could not deliver the email: {phrase!r}.",
        when="A mail server wrote the mail, and its words say that the email was not delivered.",
        do="Nothing. It is a bounce.",
    )
    NEW_MAIL = code(
        "This mail does not refer to an earlier one.",
        when="The mail has no In-Reply-To, no References, no quoted text, and its subject does not begin with Re.",
        do="Read the mail if you expected an answer. If it is one, call `recordReply`.",
    )
    NO_RECIPIENT = code(
        "A mail server reports a failure, but the mail does not say for which address: {phrase!r}.",
        when="The mail is a failure report without a readable recipient.",
        do="Read the mail. If it is a bounce of a person, call `recordBounce`.",
    )
    NOT_A_COMPLAINT = code(
        "A feedback report of type {feedback!r}. It is not a complaint of the recipient.",
        when="A report about authentication (DMARC, DKIM, SPF), or one that says that a mail is not spam.",
        do="For auth-failure, check the DNS records of the sender's domain.",
    )
    OWN_ADDRESS = code(
        "The sender is one of your own addresses: {address}.",
        when="Touchline or one of your users sent the mail.",
        do="Nothing. It is not an answer.",
    )
    READ_RECEIPT = code(
        "A read receipt (RFC 8098).",
        when="A mail program reports that the email was shown, deleted or processed.",
        do="Nothing. It is not a reply.",
    )
    SYSTEM_MAIL = code(
        "A program wrote this mail ({header}). The mail does not report a failure.",
        when="A mail server or another program wrote the mail, and it is neither a bounce nor a complaint.",
        do="Nothing. It is not an answer.",
    )
    TOO_COMPLEX = code(
        "The mail has more than {limit} {what}, so the rest is not read.",
        when="The mail has more parts, or more parts inside each other, than any mail program writes.",
        do="Read the mail with care. It may be an attack.",
    )
    UNREADABLE = code(
        "This is not a mail: it has no header.",
        when="The data has no header fields.",
        do="Check where the data comes from.",
    )
