"""Pseudonyms: names, addresses, phones and ids of an export replaced by what a key makes of them, in texts too."""
