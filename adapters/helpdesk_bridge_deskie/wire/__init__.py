"""The wire: Deskie's documents, and their translation to the model and back."""
