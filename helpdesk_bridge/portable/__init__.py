"""Values as plain JSON and back: one form for ``to_dict``, ``--json``, pickles, local desks and migrations."""
