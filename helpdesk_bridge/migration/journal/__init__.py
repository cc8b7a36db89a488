"""The durable record of a migration: intents, results, decisions, and the spool."""
