"""A change laid over the evidence of a report: who gains, who loses, who else is accepted."""
