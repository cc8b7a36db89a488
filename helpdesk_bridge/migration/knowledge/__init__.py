"""Knowledge bases: their migration under the same journal, planned, written once and verified."""
