"""The tests of the conformance suite, one module an area of the port."""
