"""The viewpoint network in PyTorch, for training; `network` runs the same weights in NumPy."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from hiera.controllers.rl.viewpoint.features import PAIR, TOKEN
from hiera.controllers.rl.viewpoint.network import PATCH, Sizes


class Attention(nn.Module):
    """One pre-norm layer of self-attention with a bias for every pair."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width = sizes.width
        self.heads = sizes.heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, sizes.hidden)
        self.down = nn.Linear(sizes.hidden, width)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """Attends.

        Args:
            x: Tokens, shape ``(B, n, width)``.
            bias: Added to the scores, minus infinity at keys that are padding,
                shape ``(B, heads, n, n)``.
        """
        b, n, width = x.shape
        qkv = self.qkv(self.norm1(x)).view(b, n, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        x = x + self.out(mixed.transpose(1, 2).reshape(b, n, width))
        hidden: Tensor = self.down(torch.relu(self.up(self.norm2(x))))
        return x + hidden


Levels = tuple[Tensor, Tensor, Tensor]
"""Pictures at three scales, ``(B, c, s, s)`` with s = 32, 16, 8."""


class Eye(nn.Module):
    """Convolutions over the picture, and what each token sees of them."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        a, b, c = sizes.channels
        self.conv1 = nn.Conv2d(3, a, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(a, b, 3, stride=2, padding=1)
        self.conv2b = nn.Conv2d(b, b, 3, padding=1)
        self.conv3 = nn.Conv2d(b, c, 3, stride=2, padding=1)
        self.conv3b = nn.Conv2d(c, c, 3, padding=1)
        self.patch = nn.Linear(3 * PATCH * PATCH, sizes.width)
        self.levels = nn.Linear(a + b + c, sizes.width)
        self.whole = nn.Linear(c, sizes.width)
        # Only for training: what the map is like where the belief is blank.
        self.guess = nn.Conv2d(b + c, 16, 1)

    def look(self, picture: Tensor) -> Levels:
        """What the convolutions make of pictures, shares 0 ... 1, shape ``(B, 3, 64, 64)``."""
        one = torch.relu(self.conv1(picture))
        two = torch.relu(self.conv2(one))
        two = two + torch.relu(self.conv2b(two))
        three = torch.relu(self.conv3(two))
        three = three + torch.relu(self.conv3b(three))
        return one, two, three

    def imagine(self, levels: Levels) -> Tensor:
        """The guessed logit of free ground per pixel, ``(B, 64, 64)``."""
        _, two, three = levels
        coarse = functional.interpolate(three, scale_factor=2, mode="nearest")
        guess: Tensor = functional.pixel_shuffle(self.guess(torch.cat((two, coarse), dim=1)), 4)
        return guess[:, 0]

    def forward(self, picture: Tensor, levels: Levels, pixel: Tensor) -> tuple[Tensor, Tensor]:
        """What is seen from some positions.

        Args:
            picture: Shares 0 ... 1, shape ``(B, 3, 64, 64)``.
            levels: What `look` made of it.
            pixel: Positions in the picture, shape ``(B, n, 2)``.

        Returns:
            What each token sees ``(B, n, width)`` and what the robot sees of the whole
            ``(B, width)``.
        """
        found = torch.cat([sample(level, pixel) for level in levels], dim=-1)
        seen = self.levels(found) + self.patch(patches(picture, pixel))
        return seen, self.whole(levels[2].mean(dim=(2, 3)))


def sample(level: Tensor, pixel: Tensor) -> Tensor:
    """Bilinear samples of a level ``(B, c, s, s)`` at positions in the picture: ``(B, n, c)``."""
    b, c, s, _ = level.shape
    at = (pixel * (s / 64.0) - 0.5).clamp(0.0, s - 1.0)
    low = at.floor().clamp(max=s - 2)
    part = at - low
    base = low[..., 1].long() * s + low[..., 0].long()
    flat = level.reshape(b, c, s * s)

    def take(index: Tensor) -> Tensor:
        return torch.gather(flat, 2, index[:, None].expand(b, c, -1)).transpose(1, 2)

    right, down = part[..., :1], part[..., 1:]
    top = take(base) * (1 - right) + take(base + 1) * right
    bottom = take(base + s) * (1 - right) + take(base + s + 1) * right
    return top * (1 - down) + bottom * down


def patches(picture: Tensor, pixel: Tensor) -> Tensor:
    """The picture around every position, zeros outside it: ``(B, n, 3 PATCH PATCH)``."""
    b, c, s, _ = picture.shape
    half = PATCH // 2
    padded = functional.pad(picture, (half, half, half, half))
    side = s + 2 * half
    at = pixel.floor().clamp(0, s - 1).long()
    base = at[..., 1] * side + at[..., 0]
    steps = torch.arange(PATCH)
    around = (steps[:, None] * side + steps[None]).reshape(-1)
    index = (base[..., None] + around).reshape(b, 1, -1)
    flat = padded.reshape(b, c, side * side)
    out = torch.gather(flat, 2, index.expand(b, c, -1)).reshape(b, c, -1, PATCH * PATCH)
    return out.permute(0, 2, 1, 3).reshape(b, -1, c * PATCH * PATCH)


class ViewpointNet(nn.Module):
    """Encoder over the tokens and a pointer from the robot to each of them."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        width = sizes.width
        self.eye = Eye(sizes)
        self.token = nn.Linear(TOKEN, width)
        self.mix = nn.Linear(width, width)
        self.pair1 = nn.Linear(PAIR, 16)
        self.pair2 = nn.Linear(16, sizes.layers * sizes.heads)
        self.layers = nn.ModuleList(Attention(sizes) for _ in range(sizes.layers))
        self.norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.there = nn.Linear(width, width)
        self.here = nn.Linear(width, width)
        self.score = nn.Linear(width, 1)
        self.value1 = nn.Linear(2 * width, width)
        self.value2 = nn.Linear(width, 1)

    def forward(
        self, tokens: Tensor, pairs: Tensor, pixel: Tensor, picture: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Rates every token.

        Args:
            tokens: Shape ``(B, n, TOKEN)``.
            pairs: Shape ``(B, n, n, PAIR)``.
            pixel: Shape ``(B, n, 2)``.
            picture: Shares 0 ... 1, shape ``(B, 3, 64, 64)``.
            mask: Which tokens are real, shape ``(B, n)``.

        Returns:
            Scores ``(B, n)``, values ``(B,)`` and guesses, see `Eye`.
        """
        levels = self.eye.look(picture)
        score, value = self.rate(levels, tokens, pairs, pixel, picture, mask)
        return score, value, self.eye.imagine(levels)

    def rate(
        self,
        levels: Levels,
        tokens: Tensor,
        pairs: Tensor,
        pixel: Tensor,
        picture: Tensor,
        mask: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Scores ``(B, n)`` and values ``(B,)``, given what `Eye.look` made of the picture."""
        seen, whole = self.eye(picture, levels, pixel)
        x = self.token(tokens) + seen
        x = torch.cat((x[:, :1] + whole[:, None], x[:, 1:]), dim=1)
        x = self.mix(torch.relu(x))
        bias = self.pair2(torch.relu(self.pair1(pairs))).permute(0, 3, 1, 2)
        bias = bias.masked_fill(~mask[:, None, None, :], float("-inf"))
        heads = self.sizes.heads
        for k, layer in enumerate(self.layers):
            x = layer(x, bias[:, k * heads : (k + 1) * heads])
        x = self.norm(x)
        robot = x[:, :1]
        pointer = (self.query(robot) * self.key(x)).sum(-1) / self.sizes.width**0.5
        score = pointer + self.score(torch.relu(self.there(x) + self.here(robot)))[..., 0]
        mean = (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        value = self.value2(torch.relu(self.value1(torch.cat((robot[:, 0], mean), dim=-1))))
        return score, value[:, 0]
