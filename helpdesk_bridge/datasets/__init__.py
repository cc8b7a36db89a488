"""Helpdesks to fill a desk or a simulator with: generated ones, and the corpus format."""
