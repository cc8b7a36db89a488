"""What a migration will do: the source read and counted, values mapped, fidelity and cost known before it writes."""
