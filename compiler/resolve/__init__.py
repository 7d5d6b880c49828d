"""From requirements to pinned files."""
