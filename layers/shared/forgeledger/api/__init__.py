"""The HTTP side: routes, and what stands in front of them."""
