"""HTTP: two dialects over the same handlers."""
