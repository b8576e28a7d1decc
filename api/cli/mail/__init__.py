"""``touchline mail`` and ``check``: received mails, and the DNS records of senders.

Imports: deliverability, mail, plugins, services.replies, store.engine, store.replies.
Imported by: nobody.
"""
