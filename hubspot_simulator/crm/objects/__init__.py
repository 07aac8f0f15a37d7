"""Records: stored, checked, written one by one and in batches, merged, archived, forgotten."""
