"""Tables kept by hand; each file says what its entries mean and why each is there."""
