"""From IR to text and bytes, pure."""
