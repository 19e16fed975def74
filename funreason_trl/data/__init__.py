"""Rows in, dataset out.

formats, sources    files and Hub datasets -> canonical rows; `arrow` reads what `datasets` stored, `written_calls` finds
                    the calls in an assistant's words
rows                the canonical row, its checks, and datasets of it
rendering           canonical rows         -> what TRL trains on
reading             what a model wrote     -> canonical rows
sample/             nothing                -> rows of our own
"""
