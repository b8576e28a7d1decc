"""How fast it is, as ratios against a peer or a floor that is measured in the same run: ``python -m benchmarks``."""
