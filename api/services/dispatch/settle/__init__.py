"""Settle: commit which emails may be sent now, and write the outcomes of attempts.

Imports: channel_processes, codes, mail, plugins, services.common, services.dispatch.claim, services.enrollments,
    services.replies, services.tasks, store, strategies.
Imported by: services.dispatch.send.
"""
