"""Sequences, structures, boxes and their encodings. Needs numpy only (readers of genomes and identity aside)."""
