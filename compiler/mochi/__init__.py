"""A checker for Mochi programs: what Mochi's own front end accepts, and the codes it refuses with.

Why it exists and what it follows is told in `docs/adr/0006-mochi-checker.md`.
"""
