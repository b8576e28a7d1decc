"""Why an email failed, how a received mail was read, and what is wrong with a channel or a domain.

Imports: strategies.
Imported by: channel_processes, codes.events, deliverability, graphql, mail, services, store.
"""
