"""What the world sees: types, fields, descriptions and scopes, as declarations."""
