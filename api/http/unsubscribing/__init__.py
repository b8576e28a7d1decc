"""The unsubscribe page: unsubscribe, undo it, and say why, in the recipient's language.

Imports: mail.unsubscribing, models, services.common, services.people, store.
Imported by: nobody.
"""
