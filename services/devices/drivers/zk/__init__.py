"""ZKTeco's port-4370 dialect: what a terminal's tables and events mean."""
