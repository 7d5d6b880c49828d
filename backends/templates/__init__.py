"""File skeletons."""
