"""Why an email failed, how a received mail was read, and faults of channels and domains.

Imports: strategies.
Imported by: channel_processes, codes.events, deliverability, graphql, mail, services, store.
"""
