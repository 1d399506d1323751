"""One YAML file and ``key=value`` overrides become one validated, frozen settings object."""

from hiera.config.load import Resolved, load_config
from hiera.config.settings import Bool, Float, Int, Settings

__all__ = ["Bool", "Float", "Int", "Resolved", "Settings", "load_config"]
