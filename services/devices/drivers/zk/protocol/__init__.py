"""How a conversation with a ZKTeco terminal goes: what is asked, what must hold of the answers."""
