"""Desk360's documents as they are on the wire, and the way between them and the model."""
