"""samrules beside other ways to decide the same accounts: `python -m benchmarks.rivals`.

Each rival is a file: it translates the bundled rulesets by code into the rival's own format, and runs them as
the rival's manual has it. Equality of the answers is asserted before anything is timed.
"""
