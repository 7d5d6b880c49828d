"""Readers: programs, stubs, wheels and metadata into IR."""
