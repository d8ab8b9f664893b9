"""The only code that talks to other people's machines: each implements a port of `auth` or `resolvers`."""
