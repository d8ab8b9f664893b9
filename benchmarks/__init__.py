"""What operations cost, in figures that no busy machine disturbs. Imports any room; no room imports it."""
