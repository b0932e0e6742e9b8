"""Short texts about decisions that terminal and pages share."""

ANSWERS = {
    "open": "waiting for approval",
    "approved": "approved",
    "refused": "refused",
    "timed_out_keep": "no answer in time: kept",
    "timed_out_promote": "no answer in time: promoted",
}


def version_label(version: str | None) -> str:
    """Return a version as people read it: ``v7``; ``none`` if there is none."""
    return "none" if version is None else f"v{version}"


def champion_change(before: str | None, after: str | None) -> str:
    """Return the champion before and after, only once if it stayed: ``v6 → v7``, ``v6``."""
    if before == after:
        return version_label(before)
    return f"{version_label(before)} → {version_label(after)}"


def trigger_label(trigger: str) -> str:
    """Return the trigger of a decision in words; empty if there was none."""
    return "" if trigger == "none" else trigger.replace("_", " ")


def answer_label(answer: str) -> str:
    """Return the state of an approval in words; an unknown code is shown as it is."""
    return ANSWERS.get(answer, answer.replace("_", " "))
