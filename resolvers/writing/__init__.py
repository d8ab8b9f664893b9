"""Changing the estate: one declaration for each noun, and one way to create, update, move, delete and restore it."""
