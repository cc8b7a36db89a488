"""Plan: the source read and counted, values mapped, fidelity and cost known before anything is written."""
