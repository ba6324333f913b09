"""Isolation: a bidder in a process of its own, which can be killed (DESIGN 2b).

`bidder` keeps the bidder's contract on this side, over a `connection` to the `process`; `child` is what
runs there, and `wire` what passes between the two. Nothing is imported here: the child should not
load what it does not need.
"""
