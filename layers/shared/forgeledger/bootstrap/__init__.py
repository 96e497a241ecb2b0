"""Where the pieces are put together, one file for each function."""
