"""From sources to a finished dataset: what was seen before, what benchmarks ask, and the files that come out.

`duplicates` and `contamination` say which rows not to take, `lengths` measures, `shards` writes.
"""
