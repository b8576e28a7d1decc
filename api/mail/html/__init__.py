"""Make HTML that people write safe, within limits that are checked in linear time.

Imports: nothing.
Imported by: mail.message, mail.templates, services.templates.
"""
