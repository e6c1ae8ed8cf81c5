"""Every message that crosses the bus, and the pure facts both of its ends must agree on."""
