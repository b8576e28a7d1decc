"""Sanitize HTML that people write, within limits that are checked in linear time.

Imports: nothing.
Imported by: mail.message, mail.templates, services.templates.
"""
