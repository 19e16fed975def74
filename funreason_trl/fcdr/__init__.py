"""Function call data refinement (FunReason, section 3.2): five checks that drop, repair or keep a row.

runner          candidates              -> inspected rows, many at a time
pipeline        one candidate           -> its way through the stages, with verdicts
rules/          one candidate           -> the verdict of a stage without a model
judges          what the rules let pass -> a model's verdict; `judge_prompts` and `prompts/` are what it is asked
teacher         a query, or a flaw      -> new answers
models          messages                -> text, from an endpoint or a model in this process
journal         what models said        -> the same on file, so that nothing is asked twice
tally, progress inspected rows          -> counts, and the live display

`verdicts` has the shapes that all of these pass on.
"""
