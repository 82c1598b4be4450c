"""Drawings of recordings, for papers."""
