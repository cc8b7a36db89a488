"""Sample: the ugliest tickets first, moved and shown beside what became of them; and the canary before them."""
