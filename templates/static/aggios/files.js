// Lists of files: select all, count the selected, rename in place. Everything works without it too.
import { renameInPlace } from "./rename.js";


/** @returns {HTMLInputElement[]} the checkboxes of the rows that are shown now */
function boxes() {
  return [...document.querySelectorAll('input[type="checkbox"][form="selection"]')];
}

function showCount() {
  const form = document.getElementById("selection");
  const all = document.querySelector("[data-select-all]");
  const counter = document.querySelector("[data-count]");
  const found = boxes();
  const count = found.filter((box) => box.checked).length;
  if (form) form.hidden = count === 0;
  if (counter) {
    const { one, many } = counter.dataset;
    counter.textContent = count === 1 ? one : many.replace("{count}", String(count));
  }
  if (all) {
    all.hidden = false;
    all.checked = count > 0 && count === found.length;
    all.indeterminate = count > 0 && count < found.length;
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-select-all]")) {
    for (const box of boxes()) box.checked = event.target.checked;
  }
  if (event.target.matches?.('input[type="checkbox"]')) showCount();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-rename]");
  if (link && renameInPlace(link)) event.preventDefault();
});

document.addEventListener("aggios:list", showCount);
showCount();
