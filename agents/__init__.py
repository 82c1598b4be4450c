"""Agents that assemble boxes into one structure, how they are trained and how they are compared."""
