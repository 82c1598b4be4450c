"""Sequences, structures, boxes, encodings. Needs numpy only; genomes and edlib aside."""
