"""What rights may cost, each promise measured in process, with and without what it is about, in turn."""
