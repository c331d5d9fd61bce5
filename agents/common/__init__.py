"""What every actor needs: parameters, addressed randomness, the offer book, events."""
