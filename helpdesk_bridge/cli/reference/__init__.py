"""Generated pages of the documentation: capabilities, endpoints and the command's synopsis."""
