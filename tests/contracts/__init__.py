"""Tests of what both ends of every message must agree on."""
