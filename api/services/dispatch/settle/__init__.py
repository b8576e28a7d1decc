"""Settle: commit which emails may be sent now, and the outcomes of those that were.

Imports: codes, plugins, services.common, services.dispatch.claim, services.enrollments, services.jobs,
    services.replies, services.tasks, store.
Imported by: services.dispatch.send.
"""
