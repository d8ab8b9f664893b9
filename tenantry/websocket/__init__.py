"""The door for those who stay: GraphQL over WebSocket (graphql-transport-ws), straight on ASGI.

`endpoint` takes the handshake, `connection` keeps the protocol's rules, `operations` runs what is subscribed to. The
legacy protocol (`graphql-ws`) is not spoken. Whatever ends a connection ends all of its work, in the database too.
"""
