"""Access to a portal: connecting, tokens, clients, the request budget, resting, pausing, disconnecting."""
