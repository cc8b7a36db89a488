"""The test kit: the fake, simulators' core, faults, conformance suite, state machine and strategies."""
