"""The way in over HTTP: two documents' APIs, one core.

Owns: the audit trail, the idempotency keys, the cache of answers.
Says: nothing of its own; it asks the other services, with the caller's token.
Hears: HTTP requests, ``/api/v1`` and ``/api``.
Never does: decide about devices, punches or users; reach a device; retry an unlock.
"""
