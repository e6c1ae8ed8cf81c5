"""How a conversation with a Timmy terminal goes: what is asked, what must hold of the answers."""
