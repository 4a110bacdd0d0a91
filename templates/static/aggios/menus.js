// Menus are <details class="menu">. Escape and a click elsewhere close them.
function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  closeMenus(event.target.closest?.("details.menu"));
});

document.addEventListener("focusin", (event) => {
  // Pressing the mouse on a text or a label of a menu gives the focus to <main> around it.
  const isAround = event.target.querySelector?.("details.menu[open]");
  if (!isAround) closeMenus(event.target.closest?.("details.menu"));
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.menu[open]");
  closeMenus();
  menu?.querySelector("summary")?.focus();
});
