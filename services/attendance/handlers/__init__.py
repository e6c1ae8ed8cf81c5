"""What attendance hears and answers: batches, phones, the forwarder's news, and callers."""
