"""Record opens and clicks: buffer them, distinguish people from machines, and keep the counts of each email.

Imports: codes, plugins, services.common, store.
Imported by: http, services.replies.
"""
