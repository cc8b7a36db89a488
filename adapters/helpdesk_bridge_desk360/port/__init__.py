"""Desk360's side of the port: tickets, contacts, messages and the facets it has."""
