"""Checks the settings of all built-in webhooks when a server starts."""

from collections.abc import Mapping

from plugins.webhooks.generic import GenericWebhook
from plugins.webhooks.mailgun import MailgunWebhook
from plugins.webhooks.postmark import PostmarkWebhook
from plugins.webhooks.sendgrid import SendGridWebhook
from plugins.webhooks.ses import SesWebhook


def check_webhooks(environment: Mapping[str, str]) -> None:
    """Read every setting. Raises ValueError with a sentence that names the variable."""
    for kind in (GenericWebhook, MailgunWebhook, PostmarkWebhook, SendGridWebhook, SesWebhook):
        kind(environment)
