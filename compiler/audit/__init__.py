"""What a wheel promises by its tags, held against what its compiled files need."""
