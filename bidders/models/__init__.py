"""Language models behind one contract: real providers, a local one, and two that need no provider at all.

They are found through the entry points of group `vickrey.models`, as a stranger's are, and import
the provider's own library only when one of them is built.
"""
