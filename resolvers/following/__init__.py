"""Following a tenant's feed: first what was, then what happens, each event once and in its order."""
