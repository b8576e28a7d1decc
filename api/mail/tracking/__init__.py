"""Tracked links and the pixel of an email: find links in HTML, sign URLs, and check the URLs of requests.

Imports: nothing.
Imported by: http, mail.message, services.common, services.dispatch.claim.
"""
