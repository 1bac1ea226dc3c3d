"""Large single inputs by subject. INPUTS of a module build one in a folder, and return the command that reads it."""
