"""The wire format of Desk360: its documents, and their conversion from and to the model."""
