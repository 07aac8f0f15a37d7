"""All data that is read from pretix: source fields, and orders as a slice needs them."""
