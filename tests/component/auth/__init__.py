"""Auth on real servers."""
