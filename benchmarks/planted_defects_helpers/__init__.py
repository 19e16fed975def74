"""Parts of `planted_defects.py`: the ways to break a row."""
