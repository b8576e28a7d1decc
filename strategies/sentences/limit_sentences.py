"""The sentences of explanations about the limits of a sender, by code and language."""

from collections.abc import Mapping

from strategies.contract import ByValue, Text

LIMIT_SENTENCES: Mapping[str, Mapping[str, Text]] = {
    "THROTTLE": {
        "en": ByValue(
            "emails",
            {
                "1": "The sender had reached its limit of 1 email in {seconds} s. The next one is allowed at {time}"
                " on {date}."
            },
            "The sender had reached its limit of {emails} emails in {seconds} s. The next one is allowed at {time}"
            " on {date}.",
        ),
        "de": ByValue(
            "emails",
            {
                "1": "Der Absender hatte sein Limit von 1 E-Mail in {seconds} s erreicht. Die nächste ist um"
                " {time} am {date} erlaubt."
            },
            "Der Absender hatte sein Limit von {emails} E-Mails in {seconds} s erreicht. Die nächste ist um"
            " {time} am {date} erlaubt.",
        ),
    },
    "DAILY_CAP": {
        "en": ByValue(
            "emails",
            {
                "1": "The sender had reached its daily cap of 1 email in 24 hours. The next one is allowed at"
                " {time} on {date}."
            },
            "The sender had reached its daily cap of {emails} emails in 24 hours. The next one is allowed at"
            " {time} on {date}.",
        ),
        "de": ByValue(
            "emails",
            {
                "1": "Der Absender hatte sein Tageslimit von 1 E-Mail in 24 Stunden erreicht. Die nächste ist"
                " um {time} am {date} erlaubt."
            },
            "Der Absender hatte sein Tageslimit von {emails} E-Mails in 24 Stunden erreicht. Die nächste ist"
            " um {time} am {date} erlaubt.",
        ),
    },
}
"""They are shown while an email waits and after it was sent."""
