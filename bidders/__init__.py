"""Bidders and bid policies that come with Vickrey, built on its public names only, as a stranger's would be."""
