"""Values: what every layer above speaks of. No I/O, no policy."""
