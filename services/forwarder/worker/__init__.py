"""How deliveries leave: in line, or out of turn because somebody asks; one attempt at a time."""
