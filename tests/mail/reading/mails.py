"""Mails of the tests."""


def mail(*header: str, body: str = "", **fields: str) -> bytes:
    """Return a mail from its header lines and its body. ``fields`` replace From, To, Subject and Date."""
    usual = {
        "From": "Ann Lee <ann@customer.example>",
        "To": "rep@vendor.example",
        "Subject": "Re: Lunch",
        "Date": "Mon, 2 Mar 2026 10:00:00 +0100",
        "Message-ID": "<answer@customer.example>",
    } | {name.replace("_", "-"): value for name, value in fields.items()}
    lines = [*(f"{name}: {value}" for name, value in usual.items() if value), *header]
    return ("\n".join(lines) + "\n\n" + body).replace("\n", "\r\n").encode()
