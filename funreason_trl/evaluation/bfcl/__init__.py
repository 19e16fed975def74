"""BFCL's single-turn questions, asked and judged as the official tool does it, without running what a model wrote.

`data` reads the questions, `prompts` puts them to a model, `decoding` (with `java` and `javascript`) turns an answer
into calls, `checker` judges them, `results` writes and reads the official files, `scores` adds up.
"""
