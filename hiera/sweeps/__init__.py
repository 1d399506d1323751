"""Many runs at once: which rows, on which processes, kept so that no kill loses one.

A *row* is one resolved config and one seed. ``plan`` says which rows there are, an *engine*
(`hiera.sweeps.pool`, `hiera.sweeps.on_ray`) computes them, `hiera.sweeps.store` keeps them.
Importing this package imports none of that, so that worker processes start quickly.
"""
