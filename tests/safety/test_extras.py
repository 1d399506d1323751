"""One guard for optional dependencies."""

from __future__ import annotations

import json

import pytest

from hiera.safety.extras import MissingExtra, require


def test_a_module_that_is_there_is_returned() -> None:
    assert require("json", "llm") is json


def test_a_missing_module_names_the_extra_that_brings_it() -> None:
    with pytest.raises(MissingExtra, match=r"pip install 'hiera\[llm\]'") as caught:
        require("no_such_module_anywhere", "llm")
    assert caught.value.name == "no_such_module_anywhere"
