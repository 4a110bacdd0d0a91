// Loads the list of files anew, without the rest of the page.
const PART = "files";

/** Replace the list by the current one. On any failure the old one stays. */
export function refreshList() {
  const request = new XMLHttpRequest();
  request.open("GET", location.href);
  request.responseType = "document";
  request.addEventListener("load", () => {
    const fresh = request.response?.getElementById(PART);
    const shown = document.getElementById(PART);
    // Selected rows and open menus are not taken away from a person.
    const isInUse = shown?.querySelector(":checked, .menu[open], .rename-form");
    if (request.status !== 200 || !fresh || !shown || isInUse) return;
    shown.replaceWith(document.importNode(fresh, true));
    document.dispatchEvent(new CustomEvent("aggios:list"));
  });
  request.send();
}
