"""CI platforms: where each keeps the job's token, and how it shows findings."""
