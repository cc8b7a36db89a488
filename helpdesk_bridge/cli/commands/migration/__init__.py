"""Commands of ``helpdesk-bridge migrate`` that walk a person through a step: the decisions, the sample, and the cut-over."""
