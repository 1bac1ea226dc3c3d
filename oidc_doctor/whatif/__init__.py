"""Judge an exchange again with an edited document or edited claims."""
