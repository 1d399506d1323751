"""The ROS 2 example, without ROS: messages in, speeds out, and no collision."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from hiera.safety import Status
from hiera.safety.dynamics import DiffDrive
from tests.embed.ros_messages import LaserScan, Robot, clearance, header, odometry, twist

PATH = Path(__file__).parents[2] / "docs" / "examples" / "ros2" / "safety_node.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("safety_node", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["safety_node"] = module
    spec.loader.exec_module(module)
    return module


node = load()
EMPTY = [math.inf] * 360


def bridge(**settings: Any) -> Any:
    return node.SafetyBridge(node.Settings(**settings))


def fed(now_s: float, ranges: list[float] = EMPTY, made: Any = None, **scan: Any) -> Any:
    """A bridge at the origin that has just been told everything."""
    made = made or bridge()
    made.odometry(odometry(now_s, np.zeros(5)), now_s)
    made.scan(LaserScan(header(now_s), ranges, **scan), now_s)
    made.command(twist(0.1, 0.2), now_s)
    return made


def test_importing_the_node_needs_no_ros() -> None:
    assert not {"rclpy", "sensor_msgs", "geometry_msgs"} & sys.modules.keys()


def test_a_free_way_lets_the_command_pass() -> None:
    speeds = fed(1.0).tick(1.0)
    assert (speeds.v, speeds.w, speeds.status) == (0.1, 0.2, Status.NOMINAL)
    assert speeds.reason == ""


@pytest.mark.parametrize("missing", ["odometry", "scan"])
def test_what_never_came_or_is_late_stops_the_robot_by_name(missing: str) -> None:
    made = bridge(odom_age_s=0.25, scan_age_s=0.35)
    assert made.tick(0.0).reason == "odometry is inf s old, 0.25 s are allowed"
    for tick in range(1, 12):
        now = 0.1 * tick
        if missing == "scan" or tick < 6:
            made.odometry(odometry(now, np.zeros(5)), now)
        if missing == "odometry" or tick < 6:
            made.scan(LaserScan(header(now), EMPTY), now)
        made.command(twist(0.1, 0.0), now)
        speeds = made.tick(now)
        assert (speeds.status is Status.NOMINAL) == (tick <= {"odometry": 7, "scan": 8}[missing])
    assert (speeds.v, speeds.w, speeds.status) == (0.0, 0.0, Status.STOP)
    assert speeds.reason.startswith(f"{missing} is 0.")
    assert made.counts[f"{missing} missing"] == {"odometry": 4 + 1, "scan": 3}[missing]
    fed(1.2, made=made)
    assert made.tick(1.2).status is Status.NOMINAL


def test_without_a_fresh_command_the_robot_is_braked() -> None:
    made = fed(1.0)
    for tick in range(8):
        now = 1.0 + 0.1 * tick
        made.odometry(odometry(now + 1e-3, np.zeros(5)), now + 1e-3)
        made.scan(LaserScan(header(now + 1e-3), EMPTY), now + 1e-3)
        speeds = made.tick(now + 2e-3)
        assert (speeds.v == 0.1) == (tick < 5)
    assert speeds.status is Status.NOMINAL
    assert made.counts["command missing"] == 3


@pytest.mark.parametrize("bad", [(math.nan, 0.0), (0.0, math.inf)])
def test_a_command_that_is_no_number_is_refused(bad: tuple[float, float]) -> None:
    made = fed(1.0)
    made.command(twist(*bad), 1.0)
    speeds = made.tick(1.0)
    assert (speeds.v, speeds.w, speeds.status) == (0.0, 0.0, Status.STOP)
    assert "two finite numbers" in speeds.reason


def test_odometry_that_is_no_pose_is_not_believed() -> None:
    made = bridge()
    for bad in (np.array([np.nan, 0, 0, 0, 0]), np.array([0, 0, 0, np.inf, 0])):
        made.odometry(odometry(1.0, bad), 1.0)
    flat = odometry(1.0, np.zeros(5))
    flat.pose.pose.orientation.w = 0.0
    made.odometry(flat, 1.0)
    assert made.counts["odometry not a pose"] == 3
    assert made.tick(1.0).status is Status.STOP


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (math.inf, False),
        (math.nan, False),
        (-math.inf, True),
        (0.0, False),
        (0.04, False),
        (0.9, True),
        (13.0, False),
    ],
)
def test_a_ray_is_a_return_nothing_or_lost(value: float, seen: bool) -> None:
    ranges = EMPTY[:]
    ranges[0] = value
    made = fed(1.0, ranges)
    assert len(made._points) == seen
    assert (made.tick(1.0).status is Status.STOP) == (value == -math.inf)  # in contact


@pytest.mark.parametrize(
    "scan",
    [
        {"ranges": [math.nan] * 100 + EMPTY[100:]},
        {"ranges": [0.0] * 100 + EMPTY[100:]},
        {"ranges": []},
        {"angle_min": math.nan},
        {"angle_increment": math.inf},
    ],
)
def test_a_scan_that_is_not_usable_counts_as_none(scan: dict[str, Any]) -> None:
    made = fed(1.0, **scan)
    speeds = made.tick(1.0)
    assert speeds.status is Status.STOP
    assert speeds.reason.startswith("scan is inf s old")
    assert made.counts["scan not usable"] == 1


def test_stamps_that_do_not_advance_or_lie_ahead_are_refused_and_counted() -> None:
    made = fed(5.0)
    for stamp in (5.0, 4.0):
        made.odometry(odometry(stamp, np.ones(5)), 5.0)
        made.scan(LaserScan(header(stamp), EMPTY), 5.0)
    made.odometry(odometry(9.0, np.ones(5)), 5.0)
    made.scan(LaserScan(header(9.0), EMPTY), 5.0)
    for name in ("odometry", "scan"):
        assert made.counts[f"{name} out of order"] == 2
        assert made.counts[f"{name} from the future"] == 1
    # One bad stamp does not shut out the good ones after it.
    fed(5.1, made=made)
    assert made.tick(5.1).status is Status.NOMINAL


def test_a_scan_long_before_any_odometry_cannot_be_placed() -> None:
    made = bridge()
    made.scan(LaserScan(header(1.0), EMPTY), 1.0)
    made.odometry(odometry(1.0, np.zeros(5)), 1.0)
    assert made.counts["scan without odometry"] == 1
    assert made.tick(1.0).reason.startswith("scan is inf s old")


def test_a_clock_that_goes_back_forgets_everything() -> None:
    made = fed(100.0)
    assert made.tick(100.0).status is Status.NOMINAL
    assert made.tick(3.0).status is Status.STOP
    assert made.counts["clock went back"] == 1
    fed(3.1, made=made)
    assert made.tick(3.1).status is Status.NOMINAL


@pytest.mark.parametrize("mount", [(0.0, 0.0, 0.0), (0.2, -0.1, 1.2), (-0.15, 0.0, math.pi)])
def test_returns_lie_on_the_walls_whatever_the_mount_and_the_delay(
    mount: tuple[float, float, float],
) -> None:
    made = bridge(scan_x=mount[0], scan_y=mount[1], scan_yaw=mount[2])
    robot = Robot(DiffDrive(), mount, np.array([3.0, 3.0, 0.7, 0.8, 1.0]))
    made.odometry(odometry(1.0 - 0.08, robot.ago(0.08)), 1.0)
    made.scan(robot.scan(1.0, 0.03), 1.0)
    assert len(made._points) == 360
    assert max(abs(clearance(point)) for point in made._points) < 1e-5
    np.testing.assert_allclose(made._at(1.0), robot.state, atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_commanded_the_robot_never_collides(seed: int) -> None:
    settings = node.Settings(scan_x=0.15, scan_yaw=0.5)
    made = node.SafetyBridge(settings)
    drive = DiffDrive(v_max=1.0, v_reverse=0.0, brake=1.5)
    robot = Robot(drive, (0.15, 0.0, 0.5))
    rng = np.random.default_rng(seed)
    wanted = (0.0, 0.0)
    for tick in range(600):
        now = 10.0 + settings.tick_s * tick
        if tick % 10 == 0:
            wanted = (float(rng.uniform(0.3, 1.5)), float(rng.normal(0.0, 0.8)))
        made.odometry(odometry(now - 0.03, robot.ago(0.03)), now)
        if tick % 2 == 0 and not 200 <= tick < 220:  # half as often, and gone for a while
            made.scan(robot.scan(now, 0.05), now)
        made.command(twist(math.nan if tick % 97 == 96 else wanted[0], wanted[1]), now)
        speeds = made.tick(now)
        if 204 <= tick < 220:
            assert speeds.reason.startswith("scan is ")
        robot.move(speeds.v, speeds.w, settings.tick_s)
    assert robot.nearest > 0.0
    assert robot.travelled > 5.0
    assert made.counts[Status.FILTERED] > 0
    assert made.counts["scan missing"] >= 16


def test_without_the_gate_the_same_commands_collide() -> None:
    robot = Robot(DiffDrive(v_max=1.0))
    rng = np.random.default_rng(0)
    wanted = (0.0, 0.0)
    for tick in range(600):
        if tick % 10 == 0:
            wanted = (float(rng.uniform(0.3, 1.5)), float(rng.normal(0.0, 0.8)))
        robot.move(*wanted, 0.1)
    assert robot.nearest < 0.0
