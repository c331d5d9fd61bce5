"""What is known of 2023-2024, and how simulated worlds compare with it."""
