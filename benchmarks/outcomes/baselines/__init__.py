"""What an engineer would do instead of a market, on the same data and for the same user."""
