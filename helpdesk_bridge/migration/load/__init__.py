"""Writing the source's records at the destination, each exactly once."""
