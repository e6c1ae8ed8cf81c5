"""The generated pages of docs/reference: made from the code, so that they cannot say otherwise."""
