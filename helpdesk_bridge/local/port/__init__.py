"""The local desk's side of the port: tickets, contacts, messages and the facets it has."""
