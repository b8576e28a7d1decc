"""The content of emails for people who are not enrolled yet."""

from collections.abc import Sequence
from dataclasses import replace

from api.mail.message.signature import Signature
from api.models import Step
from api.services.templates.email_content import ContentLoader

NOT_ENROLLED = ""
"""Enrollment id of people who are not enrolled yet."""


async def content_before_launch(steps: Sequence[Step], signature: Signature) -> ContentLoader:
    """Load the content of the emails that people would get who are launched now. Their enrollment is NOT_ENROLLED."""
    loaded = await ContentLoader.load([step.id for step in steps], (), signature)
    launched = max((step.added_revision or 0 for step in loaded.steps.values()), default=0)
    return replace(loaded, launched={NOT_ENROLLED: launched})
