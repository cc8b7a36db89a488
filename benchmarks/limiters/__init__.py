"""Rate limiters side by side against one scaled server: what ``benchmarks/rate_limits.py`` runs."""
