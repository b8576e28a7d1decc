"""What can go wrong, done on purpose: ``pytest tests/faults`` for the short form, ``python -m tests.faults`` for all."""
