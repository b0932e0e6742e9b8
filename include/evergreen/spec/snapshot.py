"""A model's spec as one run uses it: what its files said when the run began."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evergreen.errors import SpecError
from evergreen.records import Json, Record
from evergreen.spec.files import FEATURES_FILE
from evergreen.spec.loader import LoadedSpec, fill_home
from evergreen.spec.model import ModelSpec


class SpecSnapshot(Record):
    """The three files of a model's folder, as they were parsed.

    Attributes:
        spec_hash: SHA-256 (hex) of the files by meaning, as ``LoadedSpec`` has it.
        spec: ``model.yaml`` with every default filled in; locations as written, ``{home}`` in them.
        expectations: The entries of ``expectations.json``.
        features: The text of ``features.py``; None where there is no such file.
    """

    model: str
    spec_hash: str
    spec: Json
    expectations: tuple[Json, ...]
    features: str | None

    @classmethod
    def of(cls, loaded: LoadedSpec) -> "SpecSnapshot":
        """Return the snapshot of a spec that was just read."""
        spec = loaded.spec.model_dump(mode="json")
        for section, uri in loaded.places.items():
            spec[section]["uri"] = uri
        return cls(
            model=loaded.spec.name,
            spec_hash=loaded.spec_hash,
            spec=spec,
            expectations=tuple(loaded.expectations),
            features=loaded.features,
        )

    def restore(self, folder: Path, *, home: Path) -> LoadedSpec:
        """Return the spec as it was when the snapshot was made.

        Args:
            folder: An empty folder of this machine; ``features.py`` is written there.
            home: What ``{home}`` stands for in the locations.

        Raises:
            SpecError: This version of Evergreen does not understand it any more.
        """
        raw = deepcopy(self.spec)
        _rename_old_keys(raw)
        places = fill_home(raw, home)
        try:
            spec = ModelSpec.model_validate_json(json.dumps(raw), strict=True)
        except ValidationError as err:
            raise SpecError(
                f"the spec of {self.model} that this run began with ({self.spec_hash[:12]}) is not"
                f" understood by this version of Evergreen ({err.errors()[0]['msg']}); clear the"
                " first task of the run with its downstream, so that it uses the current spec"
            ) from err
        features_file = None
        if self.features is not None:
            features_file = folder / FEATURES_FILE
            features_file.write_text(self.features, encoding="utf-8")
        return LoadedSpec(
            spec=spec,
            folder=folder,
            expectations=list(self.expectations),
            features_file=features_file,
            spec_hash=self.spec_hash,
            places=places,
            features=self.features,
        )


def _rename_old_keys(raw: dict[str, Any]) -> None:
    """Rename keys that an earlier version of Evergreen wrote to the names that they have now."""
    policy = raw.get("policy")
    if isinstance(policy, dict) and "incidents" in policy:
        policy["excluded_spans"] = policy.pop("incidents")
