"""Scheduled health checks: every target's report, compared with the last run's."""
