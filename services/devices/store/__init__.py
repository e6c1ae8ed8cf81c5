"""All SQL of the registry: each function takes a connection and returns plain values."""
