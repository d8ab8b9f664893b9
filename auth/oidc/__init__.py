"""Bearer tokens of OpenID Connect issuers: whom is trusted with what, their keys, and what a token says.

A token is data until its signature holds. It never names what is fetched: `jku`, `x5u`, `x5c` and `jwk` are not read,
`iss` and `kid` only pick among what is configured and what its issuer published.
"""
