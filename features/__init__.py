"""Sequences, structures, boxes, encodings. Needs numpy only (readers of genomes, identity aside)."""
