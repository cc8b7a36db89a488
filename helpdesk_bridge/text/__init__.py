"""Text from outside: folding, HTML to plain text and back, images, digests, JSON."""
