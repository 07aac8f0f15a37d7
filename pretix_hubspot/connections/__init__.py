"""Access to a portal: granted, stored, refreshed, rested, taken back."""
