"""Datasets that fill a desk or a simulator: generated helpdesks, and the corpus format."""
