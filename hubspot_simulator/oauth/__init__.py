"""Apps, tokens and service keys, the endpoints that hand them out, and the page that asks a person first."""
