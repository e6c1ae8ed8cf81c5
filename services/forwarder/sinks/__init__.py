"""How a delivery reaches its target."""
