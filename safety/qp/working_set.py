"""The working set as an orthogonal factorisation that grows and shrinks by one normal.

The unit normals of the working set are the columns of ``N = Q1 R``. Kept are ``R`` (upper
triangular, ``q`` by ``q``) and the whole orthogonal matrix ``(Q1 Q2)``, transposed, so that its
rows are contiguous. Reflections and rotations alone touch it, hence its conditioning is that of
the normals and not their square.
"""

from __future__ import annotations

import math

from hiera.safety.contract import FloatArray
from hiera.safety.qp.kernel import part


@part
def append_normal(
    q: int, zz: float, d: FloatArray, z: FloatArray, QT: FloatArray, R: FloatArray
) -> None:
    """Appends the normal ``n`` with ``d = Q'n``, ``z = Q2 Q2'n`` and ``zz = |z|^2 > 0``.

    Args:
        q: Size of the working set before.
        zz: Squared length of the normal's part outside the working set's span.
        d: Shape ``(m,)``; overwritten.
        z: Shape ``(m,)``; overwritten.
        QT: Shape ``(m, m)``, updated in place by one Householder reflection.
        R: Shape ``(m, m)``, gets column ``q``.
    """
    m = len(d)
    for a in range(q):
        R[a, q] = d[a]
    length = math.sqrt(zz)
    sigma = length if d[q] >= 0.0 else -length
    beta = 1.0 / (zz + abs(d[q]) * length)
    R[q, q] = -sigma
    d[q] += sigma
    for j in range(m):
        z[j] = beta * (z[j] + sigma * QT[q, j])
    for c in range(q, m):
        factor = d[c]
        for j in range(m):
            QT[c, j] -= factor * z[j]


@part
def remove_normal(q: int, at: int, QT: FloatArray, R: FloatArray) -> None:
    """Removes the normal at position ``at`` of ``q`` by rotations.

    Args:
        q: Size of the working set before.
        at: Position of the normal that leaves.
        QT: Shape ``(m, m)``, updated in place.
        R: Shape ``(m, m)``, its columns behind ``at`` move one to the left.
    """
    m = len(QT)
    for c in range(at, q - 1):
        for a in range(c + 2):
            R[a, c] = R[a, c + 1]
    for c in range(at, q - 1):
        x, y = R[c, c], R[c + 1, c]
        length = math.sqrt(x * x + y * y)
        if length == 0.0:
            continue
        cos, sin = x / length, y / length
        R[c, c], R[c + 1, c] = length, 0.0
        for a in range(c + 1, q - 1):
            x, y = R[c, a], R[c + 1, a]
            R[c, a], R[c + 1, a] = cos * x + sin * y, cos * y - sin * x
        for j in range(m):
            x, y = QT[c, j], QT[c + 1, j]
            QT[c, j], QT[c + 1, j] = cos * x + sin * y, cos * y - sin * x


@part
def back_substitute(q: int, R: FloatArray, x: FloatArray) -> None:
    """Solves ``R x = x`` in place for the leading ``q`` entries."""
    for a in range(q - 1, -1, -1):
        total = x[a]
        for c in range(a + 1, q):
            total -= R[a, c] * x[c]
        x[a] = total / R[a, a]


@part
def forward_substitute(q: int, R: FloatArray, x: FloatArray) -> None:
    """Solves ``R' x = x`` in place for the leading ``q`` entries."""
    for a in range(q):
        total = x[a]
        for c in range(a):
            total -= R[c, a] * x[c]
        x[a] = total / R[a, a]
