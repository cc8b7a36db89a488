"""The common port for Deskie: tickets, contacts, messages and the other facets of a desk."""
