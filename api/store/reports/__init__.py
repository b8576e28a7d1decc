"""The counts of reports: what they are, how they are kept, read, checked and made again.

Imports: store.engine.
Imported by: cli, services.common, services.dispatch.recovery, services.reports, services.templates.
"""
