"""Carry out a plan: calls, batches, refusals, associations. Knows no table."""
