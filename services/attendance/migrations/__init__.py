"""The lineage of attendance's schema."""
