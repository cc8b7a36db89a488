"""The generated pages of the documentation: capabilities, endpoints, and the command's own synopsis."""
