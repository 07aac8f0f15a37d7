"""Search, which knows what was true some seconds ago."""
