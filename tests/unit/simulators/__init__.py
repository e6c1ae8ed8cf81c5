"""The simulated terminals against captured packets, pyzk and a raw socket."""
