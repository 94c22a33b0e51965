"""Delivering notices: what is due, what was sent, and never the same thing twice."""
