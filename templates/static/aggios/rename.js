// Renames a file in its row. Without it the link leads to the page that renames.
import { ApiError, requestJson } from "./upload/api.js";
import { problemText } from "./upload/texts.js";

/**
 * Replace the name in the row of a link by a field.
 * @param {HTMLAnchorElement} link
 * @returns {boolean} whether the row can be changed in place
 */
export function renameInPlace(link) {
  const holder = link.closest("tr, li");
  const shown = holder?.querySelector(".file-name, .file-tile > a");
  const label = shown?.querySelector("span:not(.tile-icon)");
  if (!shown || !label || !document.querySelector("meta[name=csrf-token]")) return false;
  link.closest("details").open = false;
  const form = document.createElement("form");
  form.className = "rename-form";
  const field = document.createElement("input");
  field.className = "input small";
  field.value = label.textContent;
  field.setAttribute("aria-label", link.textContent.trim());
  const error = document.createElement("p");
  error.className = "errors";
  error.setAttribute("role", "alert");
  form.append(field);
  shown.hidden = true;
  shown.after(form, error);
  field.focus();
  const dot = field.value.lastIndexOf(".");
  field.setSelectionRange(0, dot > 0 ? dot : field.value.length);

  const close = () => {
    form.remove();
    error.remove();
    shown.hidden = false;
    shown.focus();
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (field.value === label.textContent) {
      close();
      return;
    }
    field.readOnly = true;
    try {
      const name = `${link.dataset.folder}${field.value}`;
      const file = await requestJson("PATCH", `/api/files/${link.dataset.rename}`, { name });
      label.textContent = file.name.slice(file.name.lastIndexOf("/") + 1);
      close();
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      error.textContent = problemText(problem);
      field.readOnly = false;
      field.focus();
    }
  });
  return true;
}
