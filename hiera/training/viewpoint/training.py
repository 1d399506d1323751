"""The viewpoint training as ``hiera train`` finds it; PyTorch is imported when it runs."""

from __future__ import annotations

from typing import Any

from hiera.config.settings import Settings
from hiera.recording import RunDirectory
from hiera.safety.extras import require
from hiera.training.contract import Watch
from hiera.training.viewpoint.settings import ViewpointTrainingSettings


class ViewpointTraining:
    """What ``hiera train`` runs for ``train: viewpoint``."""

    settings: type[Settings] = ViewpointTrainingSettings
    summary = "viewpoint policy: taught by one who knows the map, then reinforced"
    needs = ("torch", "learn")

    def run(self, settings: Any, folder: RunDirectory, watch: Watch, jobs: int) -> dict[str, Any]:
        """Trains, or goes on with a training.

        Args:
            settings: The validated settings.
            folder: The training's folder, new or left by a killed one.
            watch: Shows progress and says when to stop.
            jobs: Processes that go through episodes.

        Returns:
            What came out, for ``metrics.json``; ``finished`` is False if it was stopped.

        Raises:
            MissingExtra: If PyTorch is not installed.
            ValueError: If the settings do not fit the weights that they start from.
        """
        require("torch", "learn")
        from hiera.training.viewpoint.gathering import Gatherers
        from hiera.training.viewpoint.sitting import Sitting

        with Gatherers(jobs) as gatherers:
            sitting = Sitting(settings, folder, watch, gatherers)
            if sitting.teach() and sitting.reinforce():
                return sitting.metrics()
        return {"finished": False}


TRAINING = ViewpointTraining()
