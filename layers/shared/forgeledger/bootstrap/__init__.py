"""Composition roots, one for each function."""
