"""Read the clouds and the issuer into a bundle in memory."""
