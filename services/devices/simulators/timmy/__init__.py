"""The terminal's side of the Timmy dialect: JSON over a WebSocket that the terminal dials."""
