"""Replies and bounces, the mailboxes that bring them, and simulated answers: types and mutations.

Imports: graphql, services.mailboxes, services.replies, services.simulations.
Imported by: graphql.emails, graphql.events.
"""
