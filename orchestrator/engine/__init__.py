"""The engine: asks bidders, runs transforms, drives the core, and commits what it decides.

The only concurrent part of Vickrey. `driver` moves one request; `recorder` turns the core's
steps into commits; `announcing`, `asking`, `delivering`, `metering` and `isolation` are where
bidders' code runs, and `callbook` keeps what their calls were answered; `wealth` keeps wallets
within the rules; `simulation` runs many requests in memory at once.
"""
