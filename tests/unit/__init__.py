"""One room, one part at a time: no servers needed."""
