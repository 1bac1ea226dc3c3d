"""The clouds and an issuer on this machine, as the real client libraries see them."""
