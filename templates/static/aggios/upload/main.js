// The upload queue of the page of files: choosing, dropping, pausing, going on after a reload.
import { filesOfDrop, filesOfInput } from "./chosen.js";
import { Queue } from "./queue.js";
import { Records } from "./records.js";
import { refreshList } from "./refresh.js";
import { text } from "./texts.js";
import { View } from "./view.js";

const section = document.getElementById("uploads");
const hint = document.getElementById("drop-hint");
const menu = document.getElementById("upload-menu");
const { folder, person } = section.dataset;
const queue = new Queue(new Records(person));
const chooser = document.getElementById("choose-files");

new View(section, queue, { choose: () => chooser.click() });
queue.restore();

let hasNewFiles = false;
queue.addEventListener("ended", (event) => {
  hasNewFiles ||= event.detail.state === "done";
});
queue.addEventListener("idle", () => {
  if (hasNewFiles) refreshList();
  hasNewFiles = false;
});

// The form is for browsers without scripts.
menu.querySelector("[data-upload-form]").hidden = true;
menu.querySelector("[data-upload-choice]").hidden = false;
for (const input of menu.querySelectorAll("[data-upload-choice] input")) {
  input.addEventListener("change", () => {
    queue.add(filesOfInput(input.files), folder);
    input.value = "";
    menu.open = false;
    menu.querySelector("summary").focus(); // the input with the focus is hidden now
  });
}

let depth = 0; // of elements that a drag has entered
function showHint(isShown) {
  depth = isShown ? depth : 0;
  hint.hidden = !isShown;
}

function hasFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

addEventListener("dragenter", (event) => {
  if (!hasFiles(event)) return;
  depth += 1;
  showHint(true);
});
addEventListener("dragleave", () => {
  depth -= 1;
  if (depth <= 0) showHint(false);
});
addEventListener("dragover", (event) => {
  if (hasFiles(event)) event.preventDefault();
});
addEventListener("drop", async (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  showHint(false);
  queue.add(await filesOfDrop(event.dataTransfer), folder);
});

addEventListener("beforeunload", (event) => {
  if (!queue.isBusy) return;
  event.preventDefault();
  event.returnValue = text("leave"); // browsers show a text of their own
});
