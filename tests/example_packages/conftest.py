"""The tests of the packages run where the packages are installed: ``python -m tests.example_packages``."""

collect_ignore_glob = ["*/test_*.py"]
