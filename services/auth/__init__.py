"""Who may come in.

Owns: owners, users and their passwords, sessions and their refresh tokens; the key that signs.
Says: its public key and every ended session, in the AUTH bucket that all services verify with.
Hears: login, refresh, logout, register.
Never does: verify a token for another service, or decide what a caller may see of its things.
"""
