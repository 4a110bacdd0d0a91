// The switch between light, dark and the system's theme. Without it, the system decides.
const KEY = "aggios-theme";
const THEMES = ["light", "dark"];

function storedTheme() {
  try {
    return localStorage.getItem(KEY) ?? "system";
  } catch {
    return "system"; // storage is blocked
  }
}

function storeTheme(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // The choice lasts for this page.
  }
}

function applyTheme(theme) {
  const root = document.documentElement;
  if (THEMES.includes(theme)) {
    root.dataset.theme = theme;
  } else {
    delete root.dataset.theme;
  }
  for (const button of document.querySelectorAll("[data-set-theme]")) {
    const chosen = button.dataset.setTheme === (THEMES.includes(theme) ? theme : "system");
    button.setAttribute("aria-pressed", String(chosen));
  }
}

function showSwitches() {
  for (const group of document.querySelectorAll("[data-theme-switch]")) {
    group.hidden = false;
  }
  applyTheme(storedTheme());
}

applyTheme(storedTheme());
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-set-theme]");
  if (button) {
    storeTheme(button.dataset.setTheme);
    applyTheme(button.dataset.setTheme);
  }
});
addEventListener("storage", (event) => {
  if (event.key === KEY) applyTheme(event.newValue ?? "system");
});
if (document.readyState === "loading") {
  document.addEventListener("DOMContentLoaded", showSwitches);
} else {
  showSwitches();
}
