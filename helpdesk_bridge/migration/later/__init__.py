"""What comes after a first run: repair of differences, and records that the source no longer has."""
