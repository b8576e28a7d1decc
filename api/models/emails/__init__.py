"""The tables of emails and of test emails.

Imports: nothing.
Imported by: nobody.
"""
