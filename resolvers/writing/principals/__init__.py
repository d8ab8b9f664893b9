"""Writing who may do what: people, service accounts, roles, and the bindings of roles."""
