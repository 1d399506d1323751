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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.rl.viewpoint.features import PAIR, TOKEN, Features

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
    """Pictures at four scales, ``(B, c, s, s)`` with s = 64, 32, 16, 8."""

    picture: FloatArray
    one: FloatArray
    two: FloatArray
    three: FloatArray


class ViewpointNetwork:
    """Runs trained weights, one decision or a batch of them."""

    def __init__(self, weights: Weights, sizes: Sizes) -> None:
        """Takes weights under the names of `torch_network.ViewpointNet`.

        Args:
            weights: Arrays by name.
            sizes: Sizes they belong to.
        """
        self.sizes = sizes
        self._w = {name: np.ascontiguousarray(array, np.float32) for name, array in weights.items()}

    def look(self, picture: NDArray[np.uint8]) -> Levels:
        """What the convolutions make of pictures ``(B, 3, 64, 64)``."""
        scaled = picture.astype(np.float32) / np.float32(255.0)
        one = self._conv("eye.conv1", scaled, 2)
        two = self._conv("eye.conv2", one, 2)
        two = two + self._conv("eye.conv2b", two, 1)
        three = self._conv("eye.conv3", two, 2)
        three = three + self._conv("eye.conv3b", three, 1)
        return Levels(scaled, one, two, three)

    def guess(self, levels: Levels) -> FloatArray:
        """How likely each pixel is to be free, by what is seen around it, ``(B, 64, 64)``."""
        _, _, two, three = levels
        b, _, s, _ = two.shape
        coarse = three.repeat(2, axis=2).repeat(2, axis=3)
        flat = np.concatenate((two, coarse), axis=1).reshape(b, -1, s * s)
        logit = self._w["eye.guess.weight"].reshape(16, -1) @ flat
        logit += self._w["eye.guess.bias"][:, None]
        fine = logit.reshape(b, 4, 4, s, s).transpose(0, 3, 1, 4, 2).reshape(b, 4 * s, 4 * s)
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(fine, -30.0, 30.0))), np.float32)

    def __call__(
        self, decision: Features, levels: Levels | None = None
    ) -> tuple[FloatArray, float]:
        """Scores of the tokens ``(n,)`` and the value [10 m] of one decision."""
        scores, values = self.batch([decision], levels)
        return scores[0], float(values[0])

    def batch(
        self, decisions: Sequence[Features], levels: Levels | None = None
    ) -> tuple[list[FloatArray], FloatArray]:
        """Rates a batch; tokens are padded to the longest.

        Args:
            decisions: B decisions.
            levels: What `look` made of their pictures, if that is known already.

        Returns:
            Scores of each decision's tokens, and values, shape ``(B,)``.
        """
        count = [len(d.tokens) for d in decisions]
        most = max(count)
        tokens, pixel = (
            np.stack([_padded(part, most) for part in parts])
            for parts in ([d.tokens for d in decisions], [d.pixel for d in decisions])
        )
        pairs = np.zeros((len(decisions), most, most, decisions[0].pairs.shape[-1]), np.float32)
        for b, d in enumerate(decisions):
            pairs[b, : count[b], : count[b]] = d.pairs
        mask = np.arange(most) < np.array(count)[:, None]
        if levels is None:
            levels = self.look(np.stack([d.picture for d in decisions]))
        scores, values = self._forward(tokens, pairs, pixel, levels, mask)
        return [scores[b, : count[b]] for b in range(len(count))], values

    def _linear(self, name: str, x: FloatArray) -> FloatArray:
        return x @ self._w[f"{name}.weight"].T + self._w[f"{name}.bias"]

    def _norm(self, name: str, x: FloatArray) -> FloatArray:
        x = x - x.mean(axis=-1, keepdims=True)
        x /= np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(1e-5))
        return x * self._w[f"{name}.weight"] + self._w[f"{name}.bias"]

    def _conv(self, name: str, x: FloatArray, stride: int) -> FloatArray:
        """3 x 3 convolution with a border of zeros, ``(B, c, s, s)``, and ReLU."""
        weight = self._w[f"{name}.weight"]
        b, c, s, _ = x.shape
        padded = np.zeros((b, c, s + 2, s + 2), np.float32)
        padded[:, :, 1:-1, 1:-1] = x
        size = s // stride
        columns = np.empty((b, c, 9, size, size), np.float32)
        for k in range(9):
            v, u = divmod(k, 3)
            columns[:, :, k] = padded[:, :, v : v + s : stride, u : u + s : stride]
        out = weight.reshape(len(weight), -1) @ columns.reshape(b, c * 9, size * size)
        out += self._w[f"{name}.bias"][:, None]
        return np.maximum(out, 0.0).reshape(b, -1, size, size)

    def _eye(self, levels: Levels, pixel: FloatArray) -> tuple[FloatArray, FloatArray]:
        picture, *coarser = levels
        found = np.concatenate([_sample(level, pixel) for level in coarser], axis=-1)
        seen = self._linear("eye.levels", found)
        seen = seen + self._linear("eye.patch", _patches(picture, pixel))
        return seen, self._linear("eye.whole", levels.three.mean(axis=(2, 3)))

    def _attend(self, name: str, x: FloatArray, bias: FloatArray) -> FloatArray:
        b, n, width = x.shape
        heads = self.sizes.heads
        qkv = self._linear(f"{name}.qkv", self._norm(f"{name}.norm1", x))
        q, k, v = qkv.reshape(b, n, 3, heads, width // heads).transpose(2, 0, 3, 1, 4)
        weight = q @ k.swapaxes(-1, -2) * np.float32((width // heads) ** -0.5) + bias
        weight = np.exp(weight - weight.max(axis=-1, keepdims=True))
        weight /= weight.sum(axis=-1, keepdims=True)
        mixed = (weight @ v).transpose(0, 2, 1, 3).reshape(b, n, width)
        x = x + self._linear(f"{name}.out", mixed)
        hidden = np.maximum(self._linear(f"{name}.up", self._norm(f"{name}.norm2", x)), 0.0)
        out: FloatArray = x + self._linear(f"{name}.down", hidden)
        return out

    def _forward(
        self,
        tokens: FloatArray,
        pairs: FloatArray,
        pixel: FloatArray,
        levels: Levels,
        mask: NDArray[np.bool_],
    ) -> tuple[FloatArray, FloatArray]:
        seen, whole = self._eye(levels, pixel)
        x = self._linear("token", tokens) + seen
        x[:, 0] += whole
        x = self._linear("mix", np.maximum(x, 0.0))
        bias = self._linear("pair2", np.maximum(self._linear("pair1", pairs), 0.0))
        bias = bias.transpose(0, 3, 1, 2) + np.where(mask, np.float32(0), -np.inf)[
            :, None, None
        ].astype(np.float32)
        heads = self.sizes.heads
        for k in range(self.sizes.layers):
            x = self._attend(f"layers.{k}", x, bias[:, k * heads : (k + 1) * heads])
        x = self._norm("norm", x)
        robot = x[:, :1]
        pointer = (self._linear("query", robot) * self._linear("key", x)).sum(axis=-1)
        hidden = np.maximum(self._linear("there", x) + self._linear("here", robot), 0.0)
        score = pointer / np.float32(self.sizes.width**0.5) + self._linear("score", hidden)[..., 0]
        mean = (x * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        both = np.concatenate((robot[:, 0], mean.astype(np.float32)), axis=-1)
        value = self._linear("value2", np.maximum(self._linear("value1", both), 0.0))
        return score, value[:, 0]


def _padded(part: FloatArray, most: int) -> FloatArray:
    out = np.zeros((most, part.shape[1]), np.float32)
    out[: len(part)] = part
    return out


def _sample(level: FloatArray, pixel: FloatArray) -> FloatArray:
    """Bilinear samples of a level ``(B, c, s, s)`` at positions in the picture: ``(B, n, c)``."""
    b, c, s, _ = level.shape
    at = np.clip(pixel * np.float32(s / 64.0) - np.float32(0.5), 0.0, s - 1.0)
    low = np.minimum(np.floor(at), s - 2)
    part = at - low
    base = low[..., 1].astype(np.intp) * s + low[..., 0].astype(np.intp)
    flat = level.reshape(b, c, s * s).transpose(0, 2, 1)
    each = np.arange(b)[:, None]
    right, down = part[..., :1], part[..., 1:]
    top = flat[each, base] * (1 - right) + flat[each, base + 1] * right
    bottom = flat[each, base + s] * (1 - right) + flat[each, base + s + 1] * right
    out: FloatArray = top * (1 - down) + bottom * down
    return out


def _patches(picture: FloatArray, pixel: FloatArray) -> FloatArray:
    """The picture around every position, zeros outside it: ``(B, n, 3 PATCH PATCH)``."""
    b, c, s, _ = picture.shape
    half = PATCH // 2
    padded = np.pad(picture, ((0, 0), (0, 0), (half, half), (half, half)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (PATCH, PATCH), axis=(2, 3))
    at = np.clip(np.floor(pixel), 0, s - 1).astype(np.intp)
    found = windows[np.arange(b)[:, None], :, at[..., 1], at[..., 0]]
    return np.asarray(found.reshape(b, pixel.shape[1], c * PATCH * PATCH))
