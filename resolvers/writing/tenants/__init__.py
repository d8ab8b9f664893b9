"""Changing tenants: from above, in the transaction of the tenant that the request acts in, told in that one's feed."""
