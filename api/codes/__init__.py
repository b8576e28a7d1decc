"""Every code that clients read, with its sentences and its documentation. docs/errors.md is printed from them.

To add a refusal: add a member to the class of its subject in ``refusals/``, then raise ``Refusal.of(Class.MEMBER, …)``.
To add a kind of event: add a member to ``EventKind`` in ``events/event_kinds.py``, then write its event with
``api/store/events/events.py``.
To add a warning: add a member to ``strategies/sentences/warning_codes.py``, then return ``WarningCode.MEMBER.note(…)``.
Then run ``python -m api.codes docs/errors.md`` and ``touchline schema > schema.graphql``. Tests compare both files, and
fail for a code that nothing uses. The code of a name that is taken ends in ``_EXISTS``; a unique index must enforce it.

Imports: plugins, strategies.
Imported by: nobody.
"""
