"""The edges of the graph, declared once as data, and the ways to fetch what they lead to."""
