"""The dialects of terminals, without a wire: bytes in, neutral words out."""
