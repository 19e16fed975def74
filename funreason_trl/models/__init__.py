"""Small models that need no Hub, and what this machine computes fast: for the quickstart, benchmarks and smoke tests."""
