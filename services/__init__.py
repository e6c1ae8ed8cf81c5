"""The five services; each is independent and meets the others only on the bus."""
