"""The lineage of schema auth."""
