"""The learned viewpoint policy: its weights, its network in NumPy, its choices."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import correlate2d

from hiera.controllers.rl.viewpoint.features import PAIR, TOKEN, Features, prior
from hiera.controllers.rl.viewpoint.imagine import Imagined, counted_lengths, expected_m2
from hiera.controllers.rl.viewpoint.network import Sizes, ViewpointNetwork, Weights, shapes
from hiera.controllers.rl.viewpoint.policy import LearnedViewpoint
from hiera.controllers.rl.viewpoint.weights import (
    SHIPPED,
    WeightsError,
    load_network,
    load_weights,
    save_weights,
)
from hiera.controllers.viewpoint import LocalTour
from hiera.envs.exploration.buildings import generate_building
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop import HopEnv, HopStatus

SMALL = Sizes(width=16, heads=2, layers=1, hidden=24, channels=(4, 6, 8))


def random_weights(sizes: Sizes, seed: int = 0) -> Weights:
    rng = np.random.default_rng(seed)
    return {
        name: (0.2 * rng.standard_normal(shape)).astype(np.float32)
        for name, shape in shapes(sizes).items()
    }


def random_decision(n: int, seed: int) -> Features:
    rng = np.random.default_rng(seed)
    return Features(
        tokens=rng.standard_normal((n, TOKEN)).astype(np.float32),
        pairs=rng.random((n, n, PAIR)).astype(np.float32),
        pixel=rng.uniform(-5.0, 70.0, (n, 2)).astype(np.float32),
        picture=rng.integers(0, 256, (3, 64, 64)).astype(np.uint8),
    )


def warehouse(side_m: float, seed: int = 4) -> GridMap:
    return generate_building((side_m, side_m), np.random.default_rng(seed), 0.4, "warehouse")


def explore(policy: LocalTour, place: GridMap, cap: int = 300) -> tuple[HopEnv, list[int]]:
    env = HopEnv([place], cap=cap, outlook_m=100.0, picture=True)
    env.reset(seed=0)
    policy.reset(0)
    targets = []
    while env.status is HopStatus.RUNNING:
        roadmap = env.roadmap()
        choice = policy.choose(roadmap, None)
        assert choice.found
        assert roadmap.utility[choice.target] > 0
        targets.append(choice.target)
        env.step(env.slot_of(choice.path[1]))
    return env, targets


class TestNetwork:
    def test_convolutions_are_scipys(self):
        weights = random_weights(SMALL)
        picture = random_decision(2, 0).picture
        scaled, one, two, _ = ViewpointNetwork(weights, SMALL).look(picture)

        def convolved(name: str, x: NDArray[np.float32], stride: int) -> NDArray[np.float64]:
            layers = zip(weights[f"{name}.weight"], weights[f"{name}.bias"], strict=True)
            sums = [
                sum(correlate2d(a, k, "same") for a, k in zip(x, kernel, strict=True)) + bias
                for kernel, bias in layers
            ]
            return np.maximum(sums, 0.0)[:, ::stride, ::stride]

        np.testing.assert_allclose(one, convolved("eye.conv1", scaled, 2), rtol=1e-4, atol=1e-4)
        first = convolved("eye.conv2", one, 2)
        both = first + convolved("eye.conv2b", first, 1)
        np.testing.assert_allclose(two, both, rtol=1e-4, atol=1e-3)

    def test_order_of_the_candidates_does_not_matter(self):
        network = ViewpointNetwork(random_weights(SMALL), SMALL)
        d = random_decision(7, 1)
        order = np.array([0, 4, 2, 6, 1, 3, 5])
        moved = Features(d.tokens[order], d.pairs[order][:, order], d.pixel[order], d.picture)
        np.testing.assert_allclose(network(moved)[0], network(d)[0][order], rtol=1e-4, atol=1e-5)

    def test_every_part_of_the_input_counts(self):
        network = ViewpointNetwork(random_weights(SMALL), SMALL)
        d = random_decision(6, 2)
        score, _ = network(d)
        for other in (
            Features(d.tokens + 1.0, d.pairs, d.pixel, d.picture),
            Features(d.tokens, d.pairs * 3.0, d.pixel, d.picture),
            Features(d.tokens, d.pairs, d.pixel + 9.0, d.picture),
            Features(d.tokens, d.pairs, d.pixel, 255 - d.picture),
        ):
            assert np.abs(network(other)[0] - score).max() > 1e-4

    def test_pytorch_says_the_same(self):
        torch = pytest.importorskip("torch", reason="the extra learn is not installed")
        from hiera.controllers.rl.viewpoint.torch_network import ViewpointNet

        torch.manual_seed(0)
        net = ViewpointNet(SMALL).eval()
        weights = {name: tensor.numpy() for name, tensor in net.state_dict().items()}
        assert {name: a.shape for name, a in weights.items()} == shapes(SMALL)
        network = ViewpointNetwork(weights, SMALL)
        d = random_decision(8, 3)
        inputs = [torch.from_numpy(a)[None] for a in (d.tokens, d.pairs, d.pixel)]
        picture = torch.from_numpy(d.picture)[None] / 255.0
        with torch.no_grad():
            score, value, guess = net(*inputs, picture, torch.ones(1, 8, dtype=torch.bool))
        own, own_value = network(d)
        np.testing.assert_allclose(own, score[0].numpy(), rtol=1e-3, atol=1e-4)
        assert own_value == pytest.approx(float(value[0]), rel=1e-3, abs=1e-4)
        guessed = network.guess(network.look(d.picture))
        np.testing.assert_allclose(guessed, torch.sigmoid(guess)[0].numpy(), rtol=1e-3, atol=1e-4)


class TestWeights:
    def test_what_is_saved_is_loaded(self, tmp_path: Path):
        path, weights = tmp_path / "w.safetensors", random_weights(SMALL)
        digest = save_weights(path, weights, SMALL, {"seed": "3"})
        loaded, sizes, notes = load_weights(path)
        assert sizes == SMALL
        assert notes["seed"] == "3"
        assert notes["sha256"] == digest
        assert all(np.array_equal(loaded[name], weights[name]) for name in weights)
        assert list(tmp_path.iterdir()) == [path]

    def test_a_file_that_is_not_there(self, tmp_path: Path):
        with pytest.raises(WeightsError, match=r"there is no file .*none\.safetensors"):
            load_weights(tmp_path / "none.safetensors")

    @pytest.mark.parametrize("keep", [0, 5, 100, 2000, -1])
    def test_a_truncated_file(self, tmp_path: Path, keep: int):
        path = tmp_path / "w.safetensors"
        save_weights(path, random_weights(SMALL), SMALL)
        path.write_bytes(path.read_bytes()[:keep])
        with pytest.raises(WeightsError, match="not a whole safetensors file"):
            load_weights(path)

    def test_a_file_in_which_a_number_was_altered(self, tmp_path: Path):
        path = tmp_path / "w.safetensors"
        save_weights(path, random_weights(SMALL), SMALL)
        raw = bytearray(path.read_bytes())
        raw[-3] ^= 0x10
        path.write_bytes(raw)
        with pytest.raises(WeightsError, match="do not match their checksum"):
            load_weights(path)

    def test_weights_of_something_else(self, tmp_path: Path):
        from safetensors.numpy import save_file

        path = tmp_path / "w.safetensors"
        save_file({"a": np.zeros(3, np.float32)}, path)
        with pytest.raises(WeightsError, match="made for 'something else'"):
            load_weights(path)

    def test_weights_that_do_not_fit_their_sizes(self, tmp_path: Path):
        path = tmp_path / "w.safetensors"
        save_weights(path, random_weights(SMALL), Sizes(width=32, heads=2, layers=1))
        with pytest.raises(WeightsError, match="does not fit the network's sizes"):
            load_weights(path)

    def test_the_shipped_weights_are_whole_small_and_say_how_they_were_trained(self):
        _, sizes, notes = load_weights(SHIPPED)
        assert SHIPPED.stat().st_size <= 5_000_000
        assert sizes == Sizes()
        assert {"training", "seed", "stage", "sha256"} <= notes.keys()
        assert json.loads(notes["sizes"])["width"] == sizes.width


class TestImagination:
    def view(self) -> Imagined:
        free = np.ones((64, 64))
        free[:, 40] = 0.0
        return Imagined(free, np.ones((64, 64)), 1.0)

    def test_a_way_through_a_guessed_wall_is_longer(self):
        xy = np.array([[0.0, 0.0], [4.0, 0.0], [12.0, 0.0]])
        indptr, indices = np.array([0, 1, 2, 2], np.int32), np.array([1, 2], np.int32)
        lengths, unknown = np.array([4.0, 8.0]), np.array([0.0, 0.5])
        out = counted_lengths(self.view(), xy, indptr, indices, lengths, unknown, 1.5, 0.05, 4.0)
        assert out[0] == 4.0
        assert out[1] > 4.0 * 8.0
        unknown[1] = 0.0
        known = counted_lengths(self.view(), xy, indptr, indices, lengths, unknown, 1.5, 0.05, 4.0)
        assert known[1] == 8.0

    def test_expected_ground_ends_at_a_guessed_wall(self):
        near, far = expected_m2(self.view(), np.array([[6.0, 0.0], [-20.0, 0.0]]), 10.0)
        # A disc of 10 m without what lies beyond a chord 2 m from its middle.
        assert near == pytest.approx(196.9, rel=0.1)
        assert far == pytest.approx(np.pi * 100.0, rel=0.15)


class TestPolicy:
    def test_it_finishes_and_repeats_itself(self):
        place = warehouse(60.0)
        policy = LearnedViewpoint(load_network())
        first, targets = explore(policy, place)
        again, repeated = explore(policy, place)
        assert first.status is HopStatus.COMPLETE
        assert first.explored > 0.95
        assert targets == repeated
        assert first.distance_m == again.distance_m

    def test_random_weights_finish_as_well(self):
        weights = random_weights(SMALL, 5)
        env, _ = explore(LearnedViewpoint(ViewpointNetwork(weights, SMALL)), warehouse(60.0), 600)
        assert env.status is HopStatus.COMPLETE

    def test_tokens_are_bounded_however_large_the_map(self):
        place = warehouse(240.0)
        env = HopEnv([place], cap=60, outlook_m=300.0, picture=True)
        env.reset(seed=0)
        policy = LearnedViewpoint(load_network())
        policy.reset(0)
        for _ in range(60):
            choice = policy.choose(env.roadmap(), None)
            if not choice.found or env.status is not HopStatus.RUNNING:
                break
            assert policy.rated is not None
            assert len(policy.rated.tokens) <= 66
            env.step(env.slot_of(choice.path[1]))
        assert env.decisions > 10

    def test_without_a_score_it_follows_its_tour(self):
        weights = random_weights(SMALL)
        for name in ("score", "query"):
            weights[f"{name}.weight"] = np.zeros_like(weights[f"{name}.weight"])
            weights[f"{name}.bias"] = np.zeros_like(weights[f"{name}.bias"])
        place = warehouse(40.0)
        env = HopEnv([place], outlook_m=100.0, picture=True)
        env.reset(seed=0)
        policy = LearnedViewpoint(ViewpointNetwork(weights, SMALL))
        policy.reset(0)
        policy.choose(env.roadmap(), None)
        assert policy.rated is not None
        np.testing.assert_allclose(policy.preferences, prior(policy.rated.tokens))
        assert policy.rated.tokens[1 + policy.preferences[1:].argmax(), 13] == 1.0

    def test_an_outlook_without_a_picture_is_refused(self):
        env = HopEnv([warehouse(40.0)], outlook_m=100.0)
        env.reset(seed=0)
        policy = LearnedViewpoint(load_network())
        with pytest.raises(ValueError, match="picture=True"):
            policy.choose(env.roadmap(), None)
