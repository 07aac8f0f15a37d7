"""Which orders wait, who claims them, and which belong to the connection at all."""
