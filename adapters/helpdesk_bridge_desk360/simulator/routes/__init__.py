"""Routes: the vendor's calls, one module per section of its paper, and the simulator's admin routes."""
