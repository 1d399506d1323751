"""A ROS 2 node between a robot's planner and its base: no speed command passes unchecked.

    cmd_vel_raw (Twist)   ─┐
    odom (Odometry)       ─┼─▶ safety_node ─▶ cmd_vel (Twist), once a tick
    scan (LaserScan)      ─┘

`SafetyBridge` turns messages into what `LidarCbf` takes and its answer into speeds; it needs no
ROS, and is tested without. `main` alone imports rclpy:

    ros2 run <your package> safety_node --ros-args -p radius_m:=0.25 -p scan_x:=0.1

Anything missing, late, out of order or not a number makes the robot stop, and is counted.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from hiera.safety import Context, Status
from hiera.safety.dynamics import DiffDrive
from hiera.safety.filters import LidarCbf


@dataclass(frozen=True)
class Settings:
    """Parameters of the node.

    Attributes:
        v_max: Largest forward speed [m/s].
        v_reverse: Largest backward speed [m/s]; 0 unless the lidar sees what is behind.
        accelerate: Largest rise of the speed [m/s^2].
        brake: Largest fall of the speed [m/s^2].
        w_max: Largest turning rate [rad/s].
        alpha_max: Largest change of the turning rate [rad/s^2].
        radius_m: Radius of the footprint [m].
        margin_m: Kept beyond it [m]: range noise, odometry error, delay.
        tick_s: Period of the node [s].
        scan_x: Position of the lidar ahead of the robot's centre [m].
        scan_y: Position of the lidar to the left of it [m].
        scan_yaw: Heading of the lidar relative to the robot's [rad].
        odom_age_s: Oldest odometry that is driven on [s].
        scan_age_s: Oldest scan that is driven on [s].
        command_age_s: Oldest command that is followed; then braking is wanted [s].
        ahead_s: How far a stamp may lie in the future [s].
        lost_rays: Share of a scan's rays that may be NaN or below the lidar's range.
    """

    v_max: float = 1.0
    v_reverse: float = 0.0
    accelerate: float = 1.0
    brake: float = 1.5
    w_max: float = 1.5
    alpha_max: float = 4.0
    radius_m: float = 0.3
    margin_m: float = 0.08
    tick_s: float = 0.1
    scan_x: float = 0.0
    scan_y: float = 0.0
    scan_yaw: float = 0.0
    odom_age_s: float = 0.2
    scan_age_s: float = 0.3
    command_age_s: float = 0.5
    ahead_s: float = 0.02
    lost_rays: float = 0.25


@dataclass(frozen=True)
class Speeds:
    """What the node sends, and why.

    Attributes:
        v: Forward speed [m/s].
        w: Turning rate [rad/s].
        status: How it came about; `Status.STOP` also where something is missing.
        reason: One sentence where less than the wanted speed was certified.
    """

    v: float
    w: float
    status: Status
    reason: str = ""


class SafetyBridge:
    """Messages in, speeds out; time stamps in seconds on one clock.

    The robot is taken to be where the odometry puts it, moved on at its speeds since the
    odometry's stamp. The frame of the returns is the odometry's; the frames of the messages are
    not looked up.

    Attributes:
        counts: Answers by status, and refusals by what was wrong.
    """

    def __init__(self, settings: Settings) -> None:
        s = settings
        robot = DiffDrive(
            s.v_max, s.v_reverse, s.accelerate, s.brake, s.w_max, s.alpha_max, s.radius_m
        )
        self.counts: Counter[str] = Counter()
        self._settings = s
        self._gate = LidarCbf(
            robot,
            tick_s=s.tick_s,
            alpha=min(2.0, 1.0 / s.tick_s),
            margin_m=s.margin_m,
            max_age_s=2.5 * s.tick_s,
        )
        self._now_s = -math.inf
        self._forget()

    def _forget(self) -> None:
        self._gate.reset()
        self._state = np.zeros(5)
        self._points = np.zeros((0, 2))
        self._wanted = np.zeros(2)
        self._odom_s = self._scan_s = self._command_s = -math.inf

    def command(self, message: Any, now_s: float) -> None:
        """Takes a ``geometry_msgs/Twist``, which has no stamp: ``now_s`` is when it came."""
        self._watch(now_s)
        # A command that is not a number is kept: refusing it is the gate's work.
        self._wanted = np.array([message.linear.x, message.angular.z], dtype=np.float64)
        self._command_s = now_s

    def odometry(self, message: Any, now_s: float) -> None:
        """Takes a ``nav_msgs/Odometry``: planar pose, speeds in the robot's frame."""
        stamp_s = self._stamp("odometry", message, self._odom_s, now_s)
        if stamp_s is None:
            return
        position, q = message.pose.pose.position, message.pose.pose.orientation
        twist = message.twist.twist
        heading = math.atan2(2 * (q.w * q.z + q.x * q.y), 1 - 2 * (q.y * q.y + q.z * q.z))
        state = np.array([position.x, position.y, heading, twist.linear.x, twist.angular.z])
        length = q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z
        if not (np.all(np.isfinite(state)) and abs(length - 1.0) < 0.01):
            self.counts["odometry not a pose"] += 1
            return
        self._state, self._odom_s = state, stamp_s

    def scan(self, message: Any, now_s: float) -> None:
        """Takes a ``sensor_msgs/LaserScan``, and keeps its returns in the odometry's frame.

        Infinity is "nothing there", minus infinity "too near to measure", NaN a lost ray, as
        REP 117 has it. A range below ``range_min`` is lost too; one above ``range_max`` is nothing.
        """
        stamp_s = self._stamp("scan", message, self._scan_s, now_s)
        if stamp_s is None:
            return
        ranges = np.array(message.ranges, dtype=np.float64)
        ranges[ranges == -np.inf] = message.range_min
        lost = np.isnan(ranges) | (ranges < message.range_min)
        placed = math.isfinite(message.angle_min) and math.isfinite(message.angle_increment)
        if not (placed and ranges.size and lost.mean() <= self._settings.lost_rays):
            self.counts["scan not usable"] += 1
            return
        if not abs(stamp_s - self._odom_s) <= self._settings.odom_age_s:
            self.counts["scan without odometry"] += 1
            return
        angles = message.angle_min + message.angle_increment * np.arange(ranges.size)
        hit = ~lost & (ranges <= message.range_max)
        self._points = self._placed(ranges[hit], angles[hit], self._at(stamp_s))
        self._scan_s = stamp_s

    def tick(self, now_s: float) -> Speeds:
        """Returns what to send now; call it once every ``tick_s``."""
        self._watch(now_s)
        missing = self._missing(now_s)
        if missing:
            self.counts[missing.split(" is ")[0] + " missing"] += 1
            self.counts[Status.STOP] += 1
            self._gate.reset()
            return Speeds(0.0, 0.0, Status.STOP, missing)
        fresh = now_s - self._command_s <= self._settings.command_age_s
        wanted = self._wanted if fresh else np.zeros(2)
        self.counts["command missing"] += not fresh
        context = Context(time_s=now_s, points=self._points)
        safe = self._gate.filter(self._at(now_s), wanted, context)
        self.counts[safe.status] += 1
        return Speeds(float(safe.u[0]), float(safe.u[1]), safe.status, safe.reason)

    def _watch(self, now_s: float) -> None:
        """Forgets everything when the clock goes back: it belongs to another time."""
        if now_s < self._now_s:
            self._forget()
            self.counts["clock went back"] += 1
        self._now_s = now_s

    def _stamp(self, name: str, message: Any, last_s: float, now_s: float) -> float | None:
        """The message's stamp [s], or None with the reason counted."""
        self._watch(now_s)
        stamp_s = float(message.header.stamp.sec) + 1e-9 * float(message.header.stamp.nanosec)
        if stamp_s > now_s + self._settings.ahead_s:
            self.counts[f"{name} from the future"] += 1
        elif stamp_s <= last_s:
            self.counts[f"{name} out of order"] += 1
        else:
            return stamp_s
        return None

    def _missing(self, now_s: float) -> str:
        limits = (
            ("odometry", self._odom_s, self._settings.odom_age_s),
            ("scan", self._scan_s, self._settings.scan_age_s),
        )
        for name, stamp_s, limit_s in limits:
            if now_s - stamp_s > limit_s:
                return f"{name} is {now_s - stamp_s:.3f} s old, {limit_s:g} s are allowed"
        return ""

    def _at(self, time_s: float) -> np.ndarray:
        """The state moved on, or back, to ``time_s`` along the arc of its speeds."""
        x, y, heading, v, w = self._state
        ahead_s = time_s - self._odom_s
        half = 0.5 * w * ahead_s
        chord = v * ahead_s * np.sinc(half / np.pi)
        return np.array(
            [
                x + chord * math.cos(heading + half),
                y + chord * math.sin(heading + half),
                heading + 2.0 * half,
                v,
                w,
            ]
        )

    def _placed(self, ranges: np.ndarray, angles: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Returns in the odometry's frame, shape ``(k, 2)`` [m]."""
        s = self._settings
        x, y, heading = state[:3]
        cos, sin = math.cos(heading), math.sin(heading)
        lidar = np.array([x + cos * s.scan_x - sin * s.scan_y, y + sin * s.scan_x + cos * s.scan_y])
        towards = angles + heading + s.scan_yaw
        return lidar + ranges[:, None] * np.column_stack((np.cos(towards), np.sin(towards)))


def main() -> None:
    """Runs the node until it is interrupted."""
    import rclpy
    from geometry_msgs.msg import Twist
    from nav_msgs.msg import Odometry
    from rclpy.qos import qos_profile_sensor_data
    from sensor_msgs.msg import LaserScan

    rclpy.init()
    node = rclpy.create_node("safety_node")
    values = {
        field.name: float(node.declare_parameter(field.name, field.default).value)
        for field in fields(Settings)
    }
    settings = Settings(**values)
    bridge = SafetyBridge(settings)
    sender = node.create_publisher(Twist, "cmd_vel", 1)
    said = ""

    def now_s() -> float:
        return float(node.get_clock().now().nanoseconds) * 1e-9

    def tick() -> None:
        nonlocal said
        speeds = bridge.tick(now_s())
        message = Twist()
        message.linear.x, message.angular.z = speeds.v, speeds.w
        sender.publish(message)
        # Ages differ from tick to tick; what is said once is who is late.
        kind = f"{speeds.status}: {speeds.reason}".split(" is ")[0] if speeds.reason else ""
        if kind and kind != said:
            node.get_logger().warning(f"{speeds.status}: {speeds.reason}; {dict(bridge.counts)}")
        said = kind

    sensor = qos_profile_sensor_data
    node.create_subscription(Twist, "cmd_vel_raw", lambda m: bridge.command(m, now_s()), 1)
    node.create_subscription(Odometry, "odom", lambda m: bridge.odometry(m, now_s()), sensor)
    node.create_subscription(LaserScan, "scan", lambda m: bridge.scan(m, now_s()), sensor)
    node.create_timer(settings.tick_s, tick)
    try:
        rclpy.spin(node)
    except KeyboardInterrupt:
        pass
    finally:
        sender.publish(Twist())
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
