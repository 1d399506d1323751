"""Five parts for hiera, each in a file of its own."""
