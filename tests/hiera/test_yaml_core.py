"""YAML means what YAML 1.2 says it means."""

from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from hiera.config import yaml_core


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1E5", 1e5),
        ("-2.5e+2", -250.0),
        (".5", 0.5),
        ("3.", 3.0),
        ("12", 12),
        ("-7", -7),
        ("true", True),
        ("False", False),
        ("on", "on"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("12:30", "12:30"),
        ("qwen3:8b", "qwen3:8b"),
        ("2026-01-01", "2026-01-01"),
        ("null", None),
        ("", None),
        ("[200, 130]", [200, 130]),
        ("1.2.3", "1.2.3"),
    ],
)
def test_scalars_are_read_as_yaml_1_2(text: str, value: object) -> None:
    read = yaml_core.parse_scalar(text)
    assert read == value
    assert type(read) is type(value)


leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(max_size=12)
    | st.floats(allow_nan=False, allow_infinity=False)
)
plain = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(value=plain)
@example(value={"0E0": "1e5", "1_0": "0", "": "~"})
@example(value={"\x85": ["\u2028", "a\u2029b", "\ufeff", "\x00\x7f"]})
def test_what_is_written_is_read_back_the_same(value: object) -> None:
    back = yaml_core.parse(yaml_core.dump(value))[0]
    assert back == value
    assert repr(back) == repr(value)


def test_every_key_knows_its_line() -> None:
    _, lines = yaml_core.parse("a: 1\nb:\n  c: 2\n  d:\n    - 5\n    - 6\n")
    assert lines[("b", "c")] == 3
    assert lines[("b", "d", 1)] == 6


def test_a_repeated_key_is_an_error_not_an_overwrite() -> None:
    with pytest.raises(yaml.YAMLError, match="line 2: the key 'a' stands twice"):
        yaml_core.parse("a: 1\na: 2\n")


def test_nan_reads_as_nan() -> None:
    assert math.isnan(yaml_core.parse_scalar(".nan"))
