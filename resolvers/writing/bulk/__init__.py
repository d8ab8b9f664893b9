"""Many items of one noun in one change: the same answers as one after the other, and one statement for each table."""
