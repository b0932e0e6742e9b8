import stat
from pathlib import Path

import pytest

from evergreen.errors import ServiceError
from evergreen.sandbox.services.home import MARKER, clear, hold, read_secrets


def test_a_new_folder_becomes_a_home(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"

    with hold(home):
        assert (home / MARKER).exists()


def test_a_folder_with_files_of_others_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(ServiceError, match=MARKER), hold(tmp_path):
        pass


def test_a_folder_that_only_commands_wrote_to_becomes_a_home(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "ledger.db").write_bytes(b"")

    with hold(tmp_path):
        assert (tmp_path / MARKER).exists()


def test_a_home_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    with hold(tmp_path), pytest.raises(ServiceError, match="another stack runs"), hold(tmp_path):
        pass


def test_a_home_can_be_held_again(tmp_path: Path) -> None:
    with hold(tmp_path):
        (tmp_path / "ledger.db").write_text("rows")

    with hold(tmp_path):
        assert (tmp_path / "ledger.db").read_text() == "rows"


def test_clear_removes_what_is_ours(tmp_path: Path) -> None:
    with hold(tmp_path):
        (tmp_path / "store").mkdir()
        (tmp_path / "store" / "file").write_text("x")
        (tmp_path / "ledger.db").write_text("rows")

    was_there = clear(tmp_path)

    assert was_there
    assert [entry.name for entry in tmp_path.iterdir()] == [MARKER]


def test_clear_does_not_follow_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "thesis.txt").write_text("years of work")
    home = tmp_path / "home"
    with hold(home):
        (home / "link").symlink_to(outside)

    clear(home)

    assert (outside / "thesis.txt").exists()


def test_clear_refuses_what_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(ServiceError, match=MARKER):
        clear(tmp_path)

    assert (tmp_path / "thesis.txt").exists()


def test_clear_refuses_a_home_in_use(tmp_path: Path) -> None:
    with hold(tmp_path):
        (tmp_path / "ledger.db").write_text("rows")

        with pytest.raises(ServiceError, match="another stack runs"):
            clear(tmp_path)

        assert (tmp_path / "ledger.db").exists()


def test_nothing_to_clear_is_fine(tmp_path: Path) -> None:
    assert not clear(tmp_path / "never")


def test_secrets_stay_and_are_for_the_owner_only(tmp_path: Path) -> None:
    first = read_secrets(tmp_path)

    assert read_secrets(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert first.admin_password not in repr(first)


def test_secrets_of_two_homes_differ(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    assert read_secrets(tmp_path / "a") != read_secrets(tmp_path / "b")
