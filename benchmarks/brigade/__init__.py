"""Schmidhuber's neural bucket brigade and the market, on his two tasks: XOR and the moving light."""
