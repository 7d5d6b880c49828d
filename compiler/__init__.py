"""Frontends, resolution, the driver and the command line: the layer that does I/O."""
