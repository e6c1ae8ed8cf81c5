"""The lineage of schema devices."""
