"""The wires: what connects an agent to one device, whatever the dialect."""
