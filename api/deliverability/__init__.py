"""Checks the DNS records that mail servers look at before they accept a sender's emails: MX, SPF, DKIM, DMARC.

Imports: codes, strategies.
Imported by: cli.
"""
