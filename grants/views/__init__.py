"""Pages of the grants. Each part of the work has a file of its own."""
