"""The account itself: its settings, its staff, its limits."""
