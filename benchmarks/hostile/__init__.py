"""Hostile inputs against real servers, while another client is measured: ``python -m benchmarks.hostile``."""
