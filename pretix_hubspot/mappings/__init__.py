"""Object mappings: how they are stored, checked, translated and added."""
