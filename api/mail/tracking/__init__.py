"""Tracked links and the pixel of an email: find links in HTML, sign URLs, and check the URLs of requests.

Imports: mail, mail.html.
Imported by: http, mail.message, services.common, services.dispatch.claim, cli.
"""
