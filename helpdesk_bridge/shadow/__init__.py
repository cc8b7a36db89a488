"""Shadow reads: what one desk answers, compared with what another would have answered, out of the caller's way."""
