"""Cassettes: a vendor's real answers, without secrets and persons, to replay and to hold a simulator against."""
