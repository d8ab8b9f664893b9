"""What the server can do: reading and changing the estate, whatever the door that the caller came through."""
