"""BFCL's single-turn questions, asked and judged as the official tool does it, without running what a model wrote.

On the way from question to number: `data` reads the questions (`canonical` makes them of rows of ours), `prompts` words
them, `asking` has a model answer, `results` writes and reads the official files, `decoding` (with `java` and
`javascript`) turns an answer into calls, `checker` judges one answer and `judging` a run, `scores` adds up.
"""
