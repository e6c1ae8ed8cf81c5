"""The simulated Timmy terminals against a small server that trusts nobody."""
