from evergreen.registry.addresses import version_url


def test_a_version_is_found_by_names_that_need_quoting() -> None:
    url = version_url("http://mlflow.example:5000", "a/b", "3")

    assert url == "http://mlflow.example:5000/#/models/a%2Fb/versions/3"


def test_without_pages_there_is_no_link() -> None:
    assert version_url("", "flights", "3") == ""
