"""The calls of the vendor, a module a section of its paper, and the simulator's own door."""
