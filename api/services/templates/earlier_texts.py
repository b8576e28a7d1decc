"""The email that a one-off follow-up quotes.

Its text is stored, so that the sent email is the one that the rep has seen.
"""

from api.mail.message.compose import EarlierEmail, EmailContent
from api.store.emails.one_off_emails import EarlierText


def earlier_email(earlier: EarlierText | None) -> EarlierEmail | None:
    """Return the stored text as the email that a follow-up quotes. Its own quotes are part of its text."""
    if earlier is None:
        return None
    content = EmailContent(earlier.subject, earlier.html, None, final_subject=True, final_html=True)
    own_id = earlier.thread[-1] if earlier.thread else None
    return EarlierEmail(content, own_id, earlier.sent_at, None, earlier.thread[:-1], earlier.author)
