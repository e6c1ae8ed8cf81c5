"""The lineage of schema gateway."""
