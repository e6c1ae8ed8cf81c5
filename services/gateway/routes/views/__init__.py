"""What callers get: messages of the bus as /api/v1 writes them, typed for the OpenAPI document."""
