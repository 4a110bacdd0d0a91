// Sends the form of a page at once. Coming back to the page sends nothing again.
const [navigation] = performance.getEntriesByType("navigation");
if (navigation?.type !== "back_forward") {
  document.querySelector("form[data-submit]")?.requestSubmit();
}
