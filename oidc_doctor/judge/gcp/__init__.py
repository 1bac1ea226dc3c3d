"""Google's Security Token Service and service account impersonation, as Google decides."""
