"""Migration journal: the durable record of intents, results and decisions, and the spool."""
