"""The engine: asks bidders, runs transforms, drives the core, and commits what it decides.

The only concurrent part of Vickrey. `driver` moves one request; `recorder` turns the core's
steps into commits; `asking`, `delivering` and `metering` are where bidders' code runs;
`wealth` keeps wallets within the rules; `batch` runs many requests in memory at once.
"""
