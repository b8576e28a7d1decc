"""Compare Touchline's speed with other tools or a theoretical minimum, in the same run: ``python -m benchmarks``."""
