"""Pages in pretix' control area."""
