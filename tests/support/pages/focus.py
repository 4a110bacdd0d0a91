"""The keyboard's focus: where it is, and whether a person sees it."""

from playwright.sync_api import Page

# WCAG 2.2: 2.4.7 (focus visible) and 2.4.11 (focus not obscured).
FAULTS = """() => {
  const shown = document.activeElement;
  if (!shown || shown === document.body) return [];
  const style = getComputedStyle(shown);
  const box = shown.getBoundingClientRect();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const isInside = x >= 0 && y >= 0 && x <= innerWidth && y <= innerHeight;
  const above = isInside ? document.elementFromPoint(x, y) : null;
  const isCovered = above && !shown.contains(above) && !above.contains(shown);
  const hasOutline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const faults = [];
  if (!hasOutline) faults.push("no outline");
  if (!isInside) faults.push(`outside of the window: ${Math.round(x)}, ${Math.round(y)}`);
  if (isCovered) faults.push(`behind ${above.outerHTML.slice(0, 100)}`);
  return faults.map((fault) => `${fault}: ${shown.outerHTML.slice(0, 200)}`);
}"""


def assert_focus_is_visible(page: Page) -> None:
    """Fail if the focused element has no outline, is outside of the window or is covered."""
    faults = page.evaluate(FAULTS)
    assert not faults, f"{page.url}: {faults}"
