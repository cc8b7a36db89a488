"""The page at ``/_sim/``: what a simulator holds, was asked and would have sent, for people to look at."""
