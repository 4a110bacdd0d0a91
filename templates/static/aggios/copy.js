// Buttons that copy the value of the field that data-copy names. Without a script they stay hidden.
const SHOWN_MILLISECONDS = 2000;

async function copyValue(button) {
  const field = document.getElementById(button.dataset.copy);
  const status = button.parentElement.querySelector("[role=status]");
  try {
    await navigator.clipboard.writeText(field.value ?? field.textContent);
    status.textContent = button.dataset.copied;
    button.classList.add("copied");
    setTimeout(() => {
      status.textContent = "";
      button.classList.remove("copied");
    }, SHOWN_MILLISECONDS);
  } catch {
    field.focus();
    field.select?.(); // the user copies it by keyboard
  }
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copyValue(button));
}
