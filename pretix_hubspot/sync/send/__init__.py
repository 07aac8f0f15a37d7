"""A plan is carried out: calls, batches, refusals, associations. Knows no table."""
