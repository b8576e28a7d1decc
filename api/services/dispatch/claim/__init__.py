"""Claim: take due emails for one attempt, and load the rows that rendering needs.

Imports: codes, mail, models, plugins, services.common, services.enrollments, services.templates,
    services.workspaces, store, strategies, worker_processes.
Imported by: services.dispatch.send, services.dispatch.settle.
"""
