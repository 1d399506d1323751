"""The PID baseline's gains: differential evolution over whole missions."""
