"""Settle: commit which emails may be sent now, and write the outcomes of attempts.

Imports: codes, plugins, services.common, services.dispatch.claim, services.enrollments, services.replies,
    services.tasks, store.
Imported by: services.dispatch.send.
"""
