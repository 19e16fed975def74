"""Rows in, dataset out: readers, the canonical row, what TRL trains on, and a sample of our own."""
