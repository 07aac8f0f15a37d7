"""Whether every order is where it should be, and if not, why, and what people can do about it."""
