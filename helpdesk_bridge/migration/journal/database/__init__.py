"""Journal database: what owns the rows of a journal, and PostgreSQL as a place for them beside a file."""
