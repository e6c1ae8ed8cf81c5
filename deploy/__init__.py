"""How muster is put to work: on one machine, on servers, in clusters."""
