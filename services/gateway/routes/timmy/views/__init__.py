"""What callers get: messages of the bus as /api writes them, typed for the OpenAPI document."""
