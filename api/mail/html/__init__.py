"""Sanitize HTML that people write, within limits that are checked in linear time.

Imports: codes, strategies.
Imported by: mail.message, mail.templates, services.templates.
"""
