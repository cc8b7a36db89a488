"""The common port for Desk360: tickets, contacts, messages and the other facets of a desk."""
