"""Rows of our own in the shapes that the benchmarks are published in."""

HUMANEVAL_ROW = {
    "task_id": "HumanEval/900",
    "prompt": 'import math\n\n\ndef area(radius: float) -> float:\n    """ Area of a circle.\n    >>> area(0)\n    0.0\n    """\n',
    "entry_point": "area",
    "canonical_solution": "    return math.pi * radius**2\n",
    "test": "\n\nMETADATA = {}\n\n\ndef check(candidate):\n    assert candidate(0) == 0\n    assert 3.1 < candidate(1) < 3.2\n",
}

MBPP_ROW = {
    "task_id": 11,
    "text": "Write a function to double a number.",
    "code": "def helper(x):\r\n    return x\r\ndef double(x):\r\n    return helper(x) * FACTOR",
    "test_setup_code": "FACTOR = 2",
    "test_list": ["assert double(2) == 4", "assert double(0) == 0"],
    "challenge_test_list": ["assert double(1) == 3"],
}

SANITIZED_ROW = {
    "source_file": "a.ipynb",
    "task_id": 12,
    "prompt": "Write a function to halve a number.",
    "code": "def halve(x):\n    return x / 2",
    "test_imports": ["import math"],
    "test_list": ["assert math.isclose(halve(3), 1.5)"],
}

PLUS_ROW = {
    **SANITIZED_ROW,
    "task_id": 801,  # outside of the authors' test split
    "test": "import math\n\ninputs = [[4], [3]]\nresults = [2.0, 1.5]\n"
    "for inp, exp in zip(inputs, results):\n    assert math.isclose(halve(*inp), exp)\n",
}

RELEASE_ROW = {**HUMANEVAL_ROW, "base_input": [[0]], "plus_input": [[1]], "contract": "", "atol": 0}
