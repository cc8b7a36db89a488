"""The model: records, drafts and queries as frozen values, without I/O and without a vendor."""
