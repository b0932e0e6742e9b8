"""From a model's folder to its spec: ``model.yaml``, ``expectations.json`` and ``features.py``.

``load_specs`` reads all of them; a broken one is listed as a problem and does not affect the
others. Nothing of the folder is executed, and nothing heavier than pydantic and PyYAML is imported:
every parse of the DAG files runs this code.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evergreen.errors import SpecError
from evergreen.spec.explain import explain
from evergreen.spec.files import (
    FEATURES_FILE,
    SPEC_FILE,
    model_folders,
    read_expectations,
    read_features,
    read_spec,
)
from evergreen.spec.model import ModelSpec
from evergreen.spec.problems import Problem, describe
from evergreen.spec.yaml_strict import Document, parse_yaml


@dataclass(frozen=True)
class LoadedSpec:
    """One model's folder, read and checked.

    Attributes:
        spec: What ``model.yaml`` says; ``{home}`` in its locations is filled in.
        folder: The model's folder.
        expectations: The entries of ``expectations.json``; empty where there is no such file.
        features_file: ``features.py``, where there is one.
        spec_hash: SHA-256 (hex) of the three files by meaning: comments, key order and the place of
            ``home`` do not change it.
        places: The locations as they were written, by section.
        features: The text of ``features.py``, where there is one.
    """

    spec: ModelSpec
    folder: Path
    expectations: list[dict[str, Any]]
    features_file: Path | None
    spec_hash: str
    places: dict[str, str] = field(default_factory=dict)
    features: str | None = None


@dataclass(frozen=True)
class SpecProblem:
    """Why one model's folder could not be loaded; ``text`` names file, key and remedy."""

    file: Path
    text: str


@dataclass(frozen=True)
class SpecCatalogue:
    """All models of an installation: those that loaded, by name, and the problems of the rest."""

    loaded: list[LoadedSpec]
    problems: list[SpecProblem]

    def find(self, name: str) -> LoadedSpec:
        """Return the model of that name.

        Raises:
            SpecError: No such model loaded; the text says which did, or why it did not.
        """
        for one in self.loaded:
            if one.spec.name == name:
                return one
        for problem in self.problems:
            if problem.file.parent.name == name:
                raise SpecError(problem.text)
        names = ", ".join(one.spec.name for one in self.loaded) or "none"
        raise SpecError(f"there is no model {name!r}; the models here: {names}")


def load_spec(folder: Path, *, home: Path) -> LoadedSpec:
    """Read one model's folder.

    Args:
        folder: Holds ``model.yaml`` and, where wanted, ``expectations.json`` and ``features.py``.
        home: What ``{home}`` stands for in the locations.

    Raises:
        SpecError: The folder cannot be used; the text lists all problems with file, key and line.
    """
    loaded = _read_folder(folder, home)
    if loaded.spec.name != folder.name:
        raise SpecError(_misnamed(loaded))
    return loaded


def load_specs(models_dir: Path, *, home: Path, only: str | None = None) -> SpecCatalogue:
    """Read every model's folder.

    Args:
        models_dir: One sub-folder per model; hidden ones and those without any of the three files
            are skipped.
        home: What ``{home}`` stands for in the locations.
        only: Read just the folder of this name, for a process that runs one model's task.

    Raises:
        SpecError: ``models_dir`` itself cannot be listed.
    """
    problems: list[SpecProblem] = []
    by_name: dict[str, list[LoadedSpec]] = {}
    for folder in model_folders(models_dir, only=only):
        try:
            loaded = _read_folder(folder, home)
        except SpecError as err:
            problems.append(SpecProblem(folder / SPEC_FILE, str(err)))
        else:
            by_name.setdefault(loaded.spec.name, []).append(loaded)
    good = []
    for name, found in sorted(by_name.items()):
        if len(found) > 1:
            problems += _shared_name(name, found)
        elif found[0].folder.name != name:
            problems.append(SpecProblem(found[0].folder / SPEC_FILE, _misnamed(found[0])))
        else:
            good.append(found[0])
    return SpecCatalogue(good, sorted(problems, key=lambda problem: problem.file))


def _read_folder(folder: Path, home: Path) -> LoadedSpec:
    spec_file = folder / SPEC_FILE
    if not folder.resolve().is_relative_to(folder.parent.resolve()):
        raise SpecError(f"{folder}: is a link out of {folder.parent}; copy the folder instead")
    document = parse_yaml(read_spec(folder))
    if not document.is_readable:
        raise SpecError(describe(str(spec_file), document.problems))
    places = fill_home(document.value, home)
    spec, problems = _validate(document)
    texts = []
    expectations: list[dict[str, Any]] = []
    features: str | None = ""
    try:
        expectations = read_expectations(folder)
    except SpecError as err:
        texts.append(str(err))
    try:
        features = read_features(folder)
    except SpecError as err:
        texts.append(str(err))
    if spec is not None and features is None:
        problems += _without_features(spec, document)
    if problems:
        texts.insert(0, describe(str(spec_file), problems))
    if spec is None or texts:
        raise SpecError("\n".join(texts))
    features_file = None if features is None else folder / FEATURES_FILE
    spec_hash = _hash(spec, places, expectations, features)
    return LoadedSpec(
        spec, folder, expectations, features_file, spec_hash, places=places, features=features
    )


def _validate(document: Document) -> tuple[ModelSpec | None, list[Problem]]:
    problems = list(document.problems)
    known = {problem.key for problem in problems}
    try:
        # JSON, because only there does pydantic's strict mode take a list for a tuple.
        return ModelSpec.model_validate_json(json.dumps(document.value), strict=True), problems
    except ValidationError as err:
        found = explain(err, ModelSpec, document)
        return None, problems + [problem for problem in found if problem.key not in known]


def fill_home(raw: dict[str, Any], home: Path) -> dict[str, str]:
    """Replace ``{home}`` in the locations of a spec; return, by section, what was written."""
    places = {}
    for section in ("landing", "labels"):
        location = raw.get(section)
        if isinstance(location, dict) and isinstance(location.get("uri"), str):
            places[section] = location["uri"].rstrip("/")
            raw[section] = {**location, "uri": location["uri"].replace("{home}", str(home))}
    return places


def _without_features(spec: ModelSpec, document: Document) -> list[Problem]:
    return [
        Problem(
            f"the feature {feature.name!r} is derived, but there is no {FEATURES_FILE}; add it, or"
            " remove 'derived'",
            f"data.features[{position}].derived",
            document.line_of(("data", "features", position, "derived")),
        )
        for position, feature in enumerate(spec.data.features)
        if feature.derived
    ]


def _misnamed(loaded: LoadedSpec) -> str:
    name, folder = loaded.spec.name, loaded.folder
    text = f"is {name!r}, but the folder is {folder.name!r}; make them equal"
    return describe(str(folder / SPEC_FILE), [Problem(text, "name")])


def _shared_name(name: str, found: list[LoadedSpec]) -> list[SpecProblem]:
    files = [one.folder / SPEC_FILE for one in found]
    listed = " and ".join(str(file) for file in files)
    text = f"name: {name!r} stands in {listed}; give each model its own, equal to its folder's name"
    return [SpecProblem(file, f"{file}: {text}") for file in files]


def _hash(
    spec: ModelSpec,
    places: dict[str, str],
    expectations: list[dict[str, Any]],
    features: str | None,
) -> str:
    content = spec.model_dump(mode="json")
    for section, uri in places.items():
        content[section]["uri"] = uri
    whole = {"spec": content, "expectations": expectations, "features": features}
    canonical = json.dumps(whole, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
