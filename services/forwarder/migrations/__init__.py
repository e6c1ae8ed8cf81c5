"""The lineage of the forwarder's schema."""
