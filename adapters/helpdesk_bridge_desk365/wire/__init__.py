"""The wire format of Desk365: its documents, and their conversion from and to the model."""
