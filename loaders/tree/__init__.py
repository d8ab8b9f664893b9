"""Whole selections as one statement that answers JSON: the fast way to run what `loaders.batch` runs level by level."""
