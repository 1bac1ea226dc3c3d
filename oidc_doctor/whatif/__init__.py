"""An exchange judged again with an edited document or edited claims."""
