"""Reading the destination back and comparing it with what was written."""
