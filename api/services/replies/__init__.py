"""Receive mails and events, find the emails that they are about, and apply replies, bounces and complaints.

Imports: codes, mail, models, plugins, services.common, services.enrollments, services.jobs, services.people,
    services.tasks, services.tracking, store, strategies, worker_processes.
Imported by: cli, graphql, http, services.dispatch.settle, services.launches, services.mailboxes,
    services.simulations.
"""
