"""The market's rules as pure functions: no I/O, clock, randomness, asyncio or database.

Read in the order of a request's life: `opening`, `closing` (with `clearing`), `settlement`,
`ranking`, `ending`, `receipts`; `progress` is the fold of the `events` that these produce.
"""
