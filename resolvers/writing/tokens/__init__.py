"""The life of tokens: made, narrowed, rotated, revoked. Nobody grants what they do not hold; nothing is widened."""
