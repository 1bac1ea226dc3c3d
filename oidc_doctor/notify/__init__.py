"""Messages about what changed since the last health check: made, kept until they are delivered, delivered."""
