"""Chart.js and our settings for it: every chart in a page is drawn with these two scripts."""

from importlib.resources import files

FOLDER = files("evergreen.presentation") / "static"
LIBRARY = "vendor/chart-4.6.1.umd.min.js"
SETTINGS = "charts.js"


def chart_scripts() -> tuple[str, str]:
    """Return the text of the library and of the settings, in the order in which a page runs them.

    For a page in one file. The pages of the web application use the addresses instead.
    """
    library, settings = ((FOLDER / name).read_text("utf-8") for name in (LIBRARY, SETTINGS))
    return library, settings
