"""The common port for Desk365: tickets, contacts, messages and the other facets of a desk."""
