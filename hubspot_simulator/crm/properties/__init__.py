"""Property definitions, groups and format rules, and what they make of a value."""
