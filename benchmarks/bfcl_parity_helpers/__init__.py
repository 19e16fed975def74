"""Parts of `bfcl_parity.py`: the official package's environment, the worker that judges, the answers it judges.

`environment` installs, `worker` runs `official` or `ours` in a process of its own under limits, `processes` starts
workers and survives them, `calls` renders answers in each language, `mutations` spoils them, `execution` finds the
answers on which the official checker would run code, `comparison` finds and groups the differences.
"""
