// Buttons that copy the text of the element that data-copy names. Without a script they stay hidden.
// A browser may deny the clipboard, and has none on a page without https: then the older command is
// tried, and at last the text is selected for the keyboard.
const SHOWN_MILLISECONDS = 2000;

async function copyText(button) {
  const source = document.getElementById(button.dataset.copy);
  const status = button.parentElement.querySelector("[role=status]");
  const isCopied = await writeClipboard(source.value ?? source.textContent, source);
  status.textContent = isCopied ? button.dataset.copied : button.dataset.selected;
  button.classList.toggle("copied", isCopied);
  if (!isCopied) return;
  setTimeout(() => {
    status.textContent = "";
    button.classList.remove("copied");
  }, SHOWN_MILLISECONDS);
}

async function writeClipboard(text, source) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    select(source);
    return document.execCommand("copy");
  }
}

function select(source) {
  source.focus();
  if (source.select) source.select();
  else getSelection().selectAllChildren(source);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copyText(button));
}
