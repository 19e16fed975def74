"""Function call data refinement (FunReason, section 3.2): five checks that drop, repair or keep a row.

`verdicts` has the shapes, `rules` the checks that need no model.
"""
