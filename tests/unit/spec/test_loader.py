"""Loading one model's folder, and all of them."""

from pathlib import Path

import pytest

from evergreen.errors import SpecError
from evergreen.spec.loader import LoadedSpec, load_spec, load_specs

HOME = Path("/srv/evergreen")

SPEC = """\
name: {name}
owner: ops
schedule: "@weekly"
landing:
  uri: file://{{home}}/landing/{name}
labels:
  uri: s3://bucket/labels
data:
  key: id
  time_column: seen_at
  target: late
  features:
    - {{name: distance, kind: numeric}}
    - {{name: carrier, kind: categorical}}
"""


def make_model(models: Path, folder: str, *, name: str | None = None, more: str = "") -> Path:
    place = models / folder
    place.mkdir(parents=True)
    (place / "model.yaml").write_text(SPEC.format(name=name or folder) + more)
    return place


def text_of_refusal(folder: Path) -> str:
    with pytest.raises(SpecError) as refused:
        load_spec(folder, home=HOME)
    return str(refused.value)


def test_load_spec_reads_all_three_files(tmp_path: Path) -> None:
    folder = make_model(tmp_path, "flights")
    (folder / "expectations.json").write_text('[{"type": "expect_x", "kwargs": {"column": "a"}}]')
    (folder / "features.py").write_text("x = 1\n")

    loaded = load_spec(folder, home=HOME)

    assert loaded.spec.name == "flights"
    assert loaded.spec.landing.uri == "file:///srv/evergreen/landing/flights"
    assert loaded.spec.labels.uri == "s3://bucket/labels"
    assert loaded.spec.data.feature_names == ("distance", "carrier")
    assert loaded.expectations == [{"type": "expect_x", "kwargs": {"column": "a"}}]
    assert loaded.features_file == folder / "features.py"


def test_load_spec_does_without_the_optional_files(tmp_path: Path) -> None:
    loaded = load_spec(make_model(tmp_path, "flights"), home=HOME)

    assert loaded.expectations == []
    assert loaded.features_file is None


def load_with(folder: Path, *, home: Path = HOME) -> LoadedSpec:
    return load_spec(folder, home=home)


def test_spec_hash_follows_the_meaning_only(tmp_path: Path) -> None:
    folder = make_model(tmp_path, "flights", more="metric: auc\n")
    first = load_with(folder).spec_hash

    (folder / "model.yaml").write_bytes(
        b"\xef\xbb\xbf# a comment\r\nmetric: auc\r\n"
        + SPEC.format(name="flights").replace("\n", "\r\n").encode()
    )
    rewritten = load_with(folder, home=Path("/elsewhere")).spec_hash

    assert rewritten == first
    assert len(first) == 64


@pytest.mark.parametrize(
    ("file", "content"),
    [
        pytest.param("model.yaml", SPEC.format(name="flights") + "metric: accuracy\n", id="spec"),
        pytest.param("expectations.json", '[{"type": "expect_x"}]', id="expectations"),
        pytest.param("features.py", "x = 1\n", id="features"),
    ],
)
def test_spec_hash_changes_with_each_file(tmp_path: Path, file: str, content: str) -> None:
    folder = make_model(tmp_path, "flights")
    first = load_with(folder).spec_hash

    (folder / file).write_text(content)

    assert load_with(folder).spec_hash != first


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    folder = make_model(tmp_path, "flights", more="drift:\n  psi_limits: 1\n  ks_limit: 2\n")
    (folder / "expectations.json").write_text("[{]")
    (folder / "features.py").write_text("def f(:\n")

    text = text_of_refusal(folder)

    assert "line 16, drift.psi_limits: unknown key 'psi_limits'; did you mean 'psi_limit'?" in text
    assert "line 17, drift.ks_limit: got 2; expected a number, at least 0 and at most 1" in text
    assert f"{folder}/expectations.json: line 1, column 3: is not JSON" in text
    assert f"{folder}/features.py: line 1: is not Python" in text


def test_a_derived_feature_needs_features_py(tmp_path: Path) -> None:
    folder = make_model(tmp_path, "flights")
    spec = folder / "model.yaml"
    spec.write_text(spec.read_text().replace("kind: numeric", "kind: numeric, derived: true"))

    assert "data.features[0].derived: the feature 'distance' is derived" in text_of_refusal(folder)

    (folder / "features.py").write_text("x = 1\n")
    assert load_with(folder).spec.data.features[0].derived


def test_the_folder_carries_the_name_of_its_model(tmp_path: Path) -> None:
    folder = make_model(tmp_path, "flight", name="flights")

    assert text_of_refusal(folder).endswith(
        "name: is 'flights', but the folder is 'flight'; make them equal"
    )


def test_links_out_of_the_folder_are_refused_and_links_inside_are_not(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "models", "flights")
    outside = tmp_path / "outside.json"
    outside.write_text("[]")
    (folder / "expectations.json").symlink_to(outside)

    assert "is a link out of the model's folder" in text_of_refusal(folder)

    inside = folder / "..data" / "expectations.json"  # how Kubernetes mounts a ConfigMap
    inside.parent.mkdir()
    inside.write_text("[]")
    (folder / "expectations.json").unlink()
    (folder / "expectations.json").symlink_to(inside)
    assert load_with(folder).expectations == []


def test_a_linked_folder_a_loop_and_a_link_to_nowhere_are_problems(tmp_path: Path) -> None:
    models = tmp_path / "models"
    make_model(models, "good")
    (models / "linked").symlink_to(make_model(tmp_path, "linked"))
    for name, target in (("loop", "model.yaml"), ("nowhere", "missing.yaml")):
        (models / name).mkdir()
        (models / name / "model.yaml").symlink_to(target)

    catalogue = load_specs(models, home=HOME)

    assert [one.spec.name for one in catalogue.loaded] == ["good"]
    assert [problem.file.parent.name for problem in catalogue.problems] == [
        "linked",
        "loop",
        "nowhere",
    ]


def test_one_broken_spec_leaves_the_others(tmp_path: Path) -> None:
    make_model(tmp_path, "a")
    make_model(tmp_path, "b", more="colour: red\n")
    make_model(tmp_path, "c")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "model.yaml").write_bytes(b"\xff\xfe")

    catalogue = load_specs(tmp_path, home=HOME)

    assert [one.spec.name for one in catalogue.loaded] == ["a", "c"]
    assert [problem.file for problem in catalogue.problems] == [
        tmp_path / "b" / "model.yaml",
        tmp_path / "d" / "model.yaml",
    ]


def test_two_specs_with_one_name_are_both_problems(tmp_path: Path) -> None:
    make_model(tmp_path, "flights")
    make_model(tmp_path, "flights_copy", name="flights")
    make_model(tmp_path, "other")

    catalogue = load_specs(tmp_path, home=HOME)

    assert [one.spec.name for one in catalogue.loaded] == ["other"]
    assert len(catalogue.problems) == 2
    for problem in catalogue.problems:
        assert str(tmp_path / "flights" / "model.yaml") in problem.text
        assert str(tmp_path / "flights_copy" / "model.yaml") in problem.text


def test_what_is_no_model_is_passed_over(tmp_path: Path) -> None:
    make_model(tmp_path, ".hidden", name="hidden")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "README.md").write_text("x")
    (tmp_path / "model.schema.json").write_text("{}")

    catalogue = load_specs(tmp_path, home=HOME)

    assert catalogue.loaded == []
    assert catalogue.problems == []


@pytest.mark.parametrize(
    ("file", "remedy"),
    [
        pytest.param("expectations.json", "model.yaml: is missing; add it", id="no spec"),
        pytest.param("model.yml", "rename model.yml to model.yaml", id="other ending"),
    ],
)
def test_a_folder_that_lacks_its_spec_is_a_problem(tmp_path: Path, file: str, remedy: str) -> None:
    (tmp_path / "flights").mkdir()
    (tmp_path / "flights" / file).write_text("[]")

    catalogue = load_specs(tmp_path, home=HOME)

    assert remedy in catalogue.problems[0].text


def test_only_reads_one_folder(tmp_path: Path) -> None:
    make_model(tmp_path, "a")
    make_model(tmp_path, "b", more="colour: red\n")

    catalogue = load_specs(tmp_path, home=HOME, only="a")

    assert [one.spec.name for one in catalogue.loaded] == ["a"]
    assert catalogue.problems == []


def test_find_gives_the_model_or_why_it_is_not_there(tmp_path: Path) -> None:
    make_model(tmp_path, "good")
    make_model(tmp_path, "bad", more="colour: red\n")
    catalogue = load_specs(tmp_path, home=HOME)

    assert catalogue.find("good").spec.name == "good"
    with pytest.raises(SpecError, match="colour: unknown key 'colour'"):
        catalogue.find("bad")
    with pytest.raises(SpecError, match="no model 'ugly'; the models here: good"):
        catalogue.find("ugly")


def test_a_missing_models_folder_says_how_to_name_it(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="EVERGREEN_MODELS_DIR"):
        load_specs(tmp_path / "none", home=HOME)


def test_a_spec_that_is_too_large_is_refused(tmp_path: Path) -> None:
    folder = make_model(tmp_path, "flights", more="#" * 300_000)

    assert "a spec has at most 262144" in text_of_refusal(folder)
