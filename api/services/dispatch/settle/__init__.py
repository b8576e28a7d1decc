"""Settle: commit which emails may be sent now, and the outcomes of those that were."""
