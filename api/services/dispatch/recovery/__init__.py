"""Recovery: free the emails of a stopped process, and check those of a restored backup."""
