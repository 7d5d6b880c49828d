"""What runs beside emitted code; the standard library only."""
