"""What can go wrong, done on purpose: ``pytest tests/faults`` is the short form, ``python -m tests.faults`` all."""
