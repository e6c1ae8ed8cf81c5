"""What callers send: bodies and queries, as the documents name their fields.

Bodies are strict: a number is a number and not its digits as text, unless a field says so.
"""
