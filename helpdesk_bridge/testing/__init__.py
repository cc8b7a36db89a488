"""Simulators, fakes and faults for tests."""
