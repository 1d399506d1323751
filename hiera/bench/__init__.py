"""What ``hiera bench`` measures: methods side by side on the same worlds, paired."""
