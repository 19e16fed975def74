"""Calls into the C library that Python has no function for.

In: a function's name and arguments. Out: its result; a failure raises.
"""

import ctypes
import os


_LIBRARY = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> int:
    """
    Call a function of the C library that reports errors by -1 and `errno`.

    Args:
        name (`str`): The function's name.
        arguments: Integers, bytes, `None` for a null pointer, or `ctypes` objects.

    Returns:
        `int`: What the function returned.

    Raises:
        `OSError`: The function failed; the message begins with its name.
    """
    words = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    result = _LIBRARY[name](*words)
    if result == -1:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
    return result
