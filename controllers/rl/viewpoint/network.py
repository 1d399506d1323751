"""The viewpoint network in NumPy: what a robot runs, without PyTorch.

A masked graph-attention encoder over the tokens of `features`, with a bias for every pair made
of distance and shared frontiers, and a pointer decoder from the robot's token to the others;
convolutions over the picture give each token what the belief around it looks like. The family of
ARiADNE (Y. Cao et al., ICRA 2023, arXiv 2301.11575) with a bounded number of tokens; picture and
tour features are ours. A token's score, taken from its prior (`prior`), is its preference, and the
policy is the softmax of the preferences; the value is the expected return from here on [10 m].
The convolutions also guess the unknown part of the map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.controllers.rl.viewpoint.features import PAIR, TOKEN, Features
from hiera.controllers.rl.viewpoint.network_kernels import add_normal, rectified

FloatArray = NDArray[np.float32]
Weights = dict[str, FloatArray]

PATCH: Final = 9
"""Side of the picture's patch around each token [pixels]."""

SCORE_M: Final = 10.0
"""Unit of scores and values [m]."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of a network.

    Attributes:
        width: Width of a token.
        heads: Attention heads.
        layers: Attention layers.
        hidden: Hidden width of the layers' perceptrons.
        channels: Channels of the three levels of the picture.
    """

    width: int = 64
    heads: int = 4
    layers: int = 3
    hidden: int = 128
    channels: tuple[int, int, int] = (16, 32, 64)


def shapes(sizes: Sizes) -> dict[str, tuple[int, ...]]:
    """Shape of every array of a network by name."""
    a, b, c = sizes.channels
    d = sizes.width
    out: dict[str, tuple[int, ...]] = {}

    def linear(name: str, into: int, outof: int) -> None:
        out[f"{name}.weight"], out[f"{name}.bias"] = (outof, into), (outof,)

    def norm(name: str) -> None:
        out[f"{name}.weight"], out[f"{name}.bias"] = (d,), (d,)

    for name, into, outof in (("1", 3, a), ("2", a, b), ("2b", b, b), ("3", b, c), ("3b", c, c)):
        linear(f"eye.conv{name}", into, outof)
        out[f"eye.conv{name}.weight"] = (outof, into, 3, 3)
    linear("eye.guess", b + c, 16)
    out["eye.guess.weight"] = (16, b + c, 1, 1)
    linear("eye.patch", 3 * PATCH * PATCH, d)
    linear("eye.levels", a + b + c, d)
    linear("eye.whole", c, d)
    linear("token", TOKEN, d)
    linear("mix", d, d)
    linear("pair1", PAIR, 16)
    linear("pair2", 16, sizes.layers * sizes.heads)
    for k in range(sizes.layers):
        norm(f"layers.{k}.norm1")
        linear(f"layers.{k}.qkv", d, 3 * d)
        linear(f"layers.{k}.out", d, d)
        norm(f"layers.{k}.norm2")
        linear(f"layers.{k}.up", d, sizes.hidden)
        linear(f"layers.{k}.down", sizes.hidden, d)
    norm("norm")
    for name in ("query", "key", "there", "here"):
        linear(name, d, d)
    linear("score", d, 1)
    linear("value1", 2 * d, d)
    linear("value2", d, 1)
    return out


class Levels(NamedTuple):
    """A picture at four scales, ``(c, s, s)`` with s = 64, 32, 16, 8."""

    picture: FloatArray
    one: FloatArray
    two: FloatArray
    three: FloatArray


class ViewpointNetwork:
    """Runs trained weights on one decision at a time."""

    def __init__(self, weights: Weights, sizes: Sizes) -> None:
        """Takes weights under the names of `torch_network.ViewpointNet`.

        Args:
            weights: Arrays by name.
            sizes: Sizes they belong to.
        """
        self.sizes = sizes
        self._rooms: dict[str, FloatArray] = {}
        self._w = {name: np.ascontiguousarray(array, np.float32) for name, array in weights.items()}
        w = self._w
        # What is added up anyhow is one product: the token, the picture's levels and its patch.
        parts = ("token", "eye.levels", "eye.patch")
        w["inputs.weight"] = np.concatenate([w[f"{name}.weight"] for name in parts], axis=1)
        w["inputs.bias"] = np.sum([w[f"{name}.bias"] for name in parts], axis=0)
        for k in range(sizes.layers):
            self._absorb(f"layers.{k}.norm1", f"layers.{k}.qkv")
            self._absorb(f"layers.{k}.norm2", f"layers.{k}.up")
            # Scaled queries are scaled products.
            for part in ("weight", "bias"):
                w[f"layers.{k}.qkv.{part}"][: sizes.width] *= np.float32(
                    (sizes.width // sizes.heads) ** -0.5
                )
        # What every token is asked at the end is one product, too.
        w["asked.weight"] = np.concatenate((w["key.weight"], w["there.weight"]))

    def _absorb(self, norm: str, linear: str) -> None:
        """Makes a norm's scale and shift part of the layer that follows it."""
        w, weight = self._w, self._w[f"{linear}.weight"]
        w[f"{linear}.bias"] = w[f"{linear}.bias"] + weight @ w[f"{norm}.bias"]
        w[f"{linear}.weight"] = weight * w[f"{norm}.weight"]

    def look(self, picture: NDArray[np.uint8]) -> Levels:
        """What the convolutions make of a picture ``(3, 64, 64)``."""
        scaled = picture.astype(np.float32)
        scaled /= np.float32(255.0)
        one = self._conv("eye.conv1", scaled, 2)
        two = self._conv("eye.conv2", one, 2)
        two += self._conv("eye.conv2b", two, 1)
        three = self._conv("eye.conv3", two, 2)
        three += self._conv("eye.conv3b", three, 1)
        return Levels(scaled, one, two, three)

    def guess(self, levels: Levels) -> FloatArray:
        """How likely each pixel is to be free, by what is seen around it, ``(64, 64)``."""
        _, _, two, three = levels
        c, s, _ = two.shape
        weight = self._w["eye.guess.weight"].reshape(16, -1)
        logit = (weight[:, :c] @ two.reshape(c, -1)).reshape(16, s, s)
        coarse = weight[:, c:] @ three.reshape(len(three), -1)
        coarse += self._w["eye.guess.bias"][:, None]
        logit += coarse.reshape(16, s // 2, s // 2).repeat(2, axis=1).repeat(2, axis=2)
        fine = logit.reshape(4, 4, s, s).transpose(2, 0, 3, 1).reshape(4 * s, 4 * s)
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(fine, -30.0, 30.0))), np.float32)

    def __call__(
        self, decision: Features, levels: Levels | None = None
    ) -> tuple[FloatArray, float]:
        """Rates a decision.

        Args:
            decision: The decision.
            levels: What `look` made of its picture, if that is known already.

        Returns:
            Scores of the tokens, shape ``(n,)``, and the value [10 m].
        """
        if levels is None:
            levels = self.look(decision.picture)
        w = self._w
        x = _inputs(decision.tokens, decision.pixel, *levels) @ w["inputs.weight"].T
        x[0] += self._linear("eye.whole", levels.three.mean(axis=(1, 2)))
        added = rectified(x, w["inputs.bias"]) @ w["mix.weight"].T
        x, last = np.zeros_like(added), "mix"
        bias, heads = self._biases(decision.pairs), self.sizes.heads
        for k in range(self.sizes.layers):
            name = f"layers.{k}"
            qkv = add_normal(x, added, w[f"{last}.bias"]) @ w[f"{name}.qkv.weight"].T
            mixed = self._attended(qkv, w[f"{name}.qkv.bias"], bias[k * heads : (k + 1) * heads])
            added = mixed @ w[f"{name}.out.weight"].T
            hidden = add_normal(x, added, w[f"{name}.out.bias"]) @ w[f"{name}.up.weight"].T
            added = rectified(hidden, w[f"{name}.up.bias"]) @ w[f"{name}.down.weight"].T
            last = f"{name}.down"
        x = add_normal(x, added, w[f"{last}.bias"])
        x *= w["norm.weight"]
        x += w["norm.bias"]
        return self._rated(x)

    def _room(self, name: str, rows: int, columns: int) -> FloatArray:
        """A matrix to write into that need not be fetched from the system at every decision."""
        if name not in self._rooms or self._rooms[name].size < rows * columns:
            self._rooms[name] = np.empty(rows * columns, np.float32)
        return self._rooms[name][: rows * columns].reshape(rows, columns)

    def _linear(self, name: str, x: FloatArray) -> FloatArray:
        out: FloatArray = x @ self._w[f"{name}.weight"].T
        out += self._w[f"{name}.bias"]
        return out

    def _conv(self, name: str, x: FloatArray, stride: int) -> FloatArray:
        """3 x 3 convolution with a border of zeros, ``(c, s, s)``, and ReLU."""
        weight, size = self._w[f"{name}.weight"], x.shape[1] // stride
        columns = self._room("columns", 9 * len(x), size * size)
        _columns(x, stride, columns)
        out: FloatArray = weight.reshape(len(weight), -1) @ columns
        rectified(out.T, self._w[f"{name}.bias"])
        return out.reshape(-1, size, size)

    def _biases(self, pairs: FloatArray) -> FloatArray:
        """What is added to the attention of every pair in every head, ``(layers heads, n, n)``."""
        n, w = len(pairs), self._w
        hidden = self._room("hidden", len(w["pair1.weight"]), n * n)
        np.matmul(w["pair1.weight"], pairs.reshape(n * n, -1).T, out=hidden)
        rectified(hidden.T, w["pair1.bias"])
        out = self._room("biases", len(w["pair2.weight"]), n * n)
        np.matmul(w["pair2.weight"], hidden, out=out)
        out += w["pair2.bias"][:, None]
        return out.reshape(-1, n, n)

    def _attended(self, qkv: FloatArray, bias: FloatArray, pairs: FloatArray) -> FloatArray:
        """What every token makes of the others, ``(n, width)``.

        Args:
            qkv: Queries, keys and values less their bias, shape ``(n, 3 width)``; changed.
            bias: Their bias, shape ``(3 width,)``.
            pairs: Added to the attention of every pair, shape ``(heads, n, n)``.
        """
        n, heads = len(qkv), self.sizes.heads
        qkv += bias
        q, k, v = qkv.reshape(n, 3, heads, -1).transpose(1, 2, 0, 3)
        weight: FloatArray = q @ k.swapaxes(-1, -2)
        weight += pairs
        weight -= weight.max(axis=-1, keepdims=True)
        np.exp(weight, out=weight)
        mixed: FloatArray = weight @ v
        mixed /= weight.sum(axis=-1, keepdims=True)
        return mixed.transpose(1, 0, 2).reshape(n, -1)

    def _rated(self, x: FloatArray) -> tuple[FloatArray, float]:
        """Scores and value by the last layer's tokens."""
        robot, width = x[0], self.sizes.width
        asked = x @ self._w["asked.weight"].T
        query = self._linear("query", robot)
        pointer = asked[:, :width] @ query + self._w["key.bias"] @ query
        here = self._linear("here", robot) + self._w["there.bias"]
        score = self._linear("score", np.maximum(asked[:, width:] + here, 0.0))[:, 0]
        score += pointer / np.float32(width**0.5)
        both = np.concatenate((robot, x.mean(axis=0)))
        value = self._linear("value2", np.maximum(self._linear("value1", both), 0.0))
        return score, float(value[0])


@njit(cache=True)
def _columns(x: FloatArray, stride: int, columns: FloatArray) -> None:
    """Writes the 3 x 3 neighbourhoods of a picture ``(c, s, s)`` as columns, zeros outside it.

    Shape ``(9 c, (s / stride)^2)``; a stride that is not 1 is 2.
    """
    channels, side, _ = x.shape
    size = side // stride
    padded = np.zeros((side + 2, side + 2), np.float32)
    for c in range(channels):
        for j in range(side):
            for i in range(side):
                padded[j + 1, i + 1] = x[c, j, i]
        for v in range(3):
            for u in range(3):
                out = columns[9 * c + 3 * v + u]
                for j in range(size):
                    if stride == 1:
                        row = padded[j + v, u : u + size]
                        for i in range(size):
                            out[j * size + i] = row[i]
                    else:
                        row = padded[2 * j + v]
                        for i in range(size):
                            out[j * size + i] = row[2 * i + u]


@njit(cache=True)
def _inputs(
    tokens: FloatArray,
    pixel: FloatArray,
    picture: FloatArray,
    one: FloatArray,
    two: FloatArray,
    three: FloatArray,
) -> FloatArray:
    """What the network is told of every token, one row each.

    The token, bilinear samples of the levels at its place in the picture, and the picture's patch
    around it, zeros outside.
    """
    n, width = tokens.shape
    side, half = picture.shape[1], PATCH // 2
    seen = one.shape[0] + two.shape[0] + three.shape[0]
    out = np.zeros((n, width + seen + 3 * PATCH * PATCH), np.float32)
    for k in range(n):
        row = out[k]
        row[:width] = tokens[k]
        at = width
        for level in (one, two, three):
            s = level.shape[1]
            scale = np.float32(s / side)
            x = min(max(pixel[k, 0] * scale - np.float32(0.5), np.float32(0.0)), np.float32(s - 1))
            y = min(max(pixel[k, 1] * scale - np.float32(0.5), np.float32(0.0)), np.float32(s - 1))
            i, j = min(int(x), s - 2), min(int(y), s - 2)
            right, down = x - np.float32(i), y - np.float32(j)
            for c in range(level.shape[0]):
                top = level[c, j, i] * (np.float32(1) - right) + level[c, j, i + 1] * right
                low = level[c, j + 1, i] * (np.float32(1) - right) + level[c, j + 1, i + 1] * right
                row[at + c] = top * (np.float32(1) - down) + low * down
            at += level.shape[0]
        x0 = min(max(int(np.floor(pixel[k, 0])), 0), side - 1) - half
        y0 = min(max(int(np.floor(pixel[k, 1])), 0), side - 1) - half
        for c in range(3):
            for v in range(max(-y0, 0), min(PATCH, side - y0)):
                for u in range(max(-x0, 0), min(PATCH, side - x0)):
                    row[at + (c * PATCH + v) * PATCH + u] = picture[c, y0 + v, x0 + u]
    return out
