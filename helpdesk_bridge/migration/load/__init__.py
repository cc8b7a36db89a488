"""Load: the source's records written at the destination, each exactly once."""
