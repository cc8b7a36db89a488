"""Text from outside: decoding, folding, HTML to plain text and back, images, digests, JSON."""
