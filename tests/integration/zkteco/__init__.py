"""The whole ZKTeco Device API: every service, an agent, and terminals that behave and misbehave."""
