"""`mochic-py`: the bridge between Mochi and Python packages."""

__version__ = "0.1.0"
