"""Associations between records, and the labels that they can carry."""
