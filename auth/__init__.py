"""Who may do what: scopes, requirements, tokens, the tenant of a request, the scope guard and the bounds."""
