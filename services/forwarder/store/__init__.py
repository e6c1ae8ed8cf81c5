"""All SQL of the forwarder: each function does its part of the caller's transaction."""
