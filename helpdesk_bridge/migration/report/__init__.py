"""Report: one HTML page for those who have to sign for a migration."""
