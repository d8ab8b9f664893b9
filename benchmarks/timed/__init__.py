"""The timed benchmark: Tenantry and its peers under the same load, in turn, and what is made of the figures."""
