"""The tools every service is built with; they know no word of the domain."""
