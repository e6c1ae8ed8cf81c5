"""Where terminals dial in: who is let in, who is turned away, and what becomes of them."""
