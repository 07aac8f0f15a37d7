"""The areas of the CRM API: in each, what it stores and checks, and the routes that lead to it."""
