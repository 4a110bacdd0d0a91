"""axe-core: finds accessibility faults of a page (WCAG 2.2 A and AA, best practices)."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

SERIOUS = {"serious", "critical"}
# Playwright evaluates it outside of the page's policy, so the policy needs no exception.
# It loads no style sheets again: it would parse them in <style>, which the policy forbids.
# label-title-only sees the text of a label alone, and not the alternative of an image in it.
RUN = """() => axe.run(document, {
  resultTypes: ["violations"],
  preload: false,
  rules: {"label-title-only": {enabled: false}},
})"""


def assert_accessible(page: "Page") -> None:
    """Fail with the violations of impact serious or critical, one for each element."""
    from axe_playwright_python.base import AXE_SCRIPT

    page.evaluate(AXE_SCRIPT)
    violations: list[dict[str, Any]] = page.evaluate(RUN)["violations"]
    serious = [
        f"{violation['id']}: {node['html'][:200]} {node['failureSummary']}"
        for violation in violations
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]
    assert not serious, "\n".join([f"{len(serious)} violations", *serious[:10]])
