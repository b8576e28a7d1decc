"""Record opens and clicks: buffer them, tell people from machines, and keep the counts of each email.

Imports: codes, plugins, services.common, store.
Imported by: http, services.replies.
"""
