// Workspaces that were visited through this page, remembered in this browser only.
const KEY = "aggios-workspaces";
const MOST = 8;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const section = document.getElementById("recent-workspaces");
const list = section.querySelector("ul");
const { address, domain, remove, unknown } = section.dataset;

function isLabel(value) {
  return typeof value === "string" && LABEL.test(value);
}

function readLabels() {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter(isLabel).slice(0, MOST) : [];
  } catch {
    return []; // storage is blocked, or holds something else
  }
}

function writeLabels(labels) {
  try {
    localStorage.setItem(KEY, JSON.stringify(labels.slice(0, MOST)));
  } catch {
    // Nothing is remembered.
  }
}

function labelOf(typed) {
  const host = typed.trim().toLowerCase().replace(/^https?:\/\//, "").split(/[/:]/)[0];
  const label = host.endsWith(`.${domain}`) ? host.slice(0, -domain.length - 1) : host;
  return LABEL.test(label) ? label : "";
}

function remember(label) {
  if (label) writeLabels([label, ...readLabels().filter((one) => one !== label)]);
}

function forget(label) {
  writeLabels(readLabels().filter((one) => one !== label));
}

function row(label) {
  const link = document.createElement("a");
  link.href = `${address.replace("*", label)}/`;
  link.textContent = label;
  link.addEventListener("click", () => remember(label));
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button plain small";
  button.textContent = remove;
  button.setAttribute("aria-label", `${remove}: ${label}`);
  button.addEventListener("click", () => {
    forget(label);
    show();
  });
  const item = document.createElement("li");
  item.append(link, button);
  return item;
}

function show() {
  const labels = readLabels();
  list.replaceChildren(...labels.map(row));
  section.hidden = labels.length === 0;
}

// A name is remembered when its form is sent; the page comes back with it if there is none.
document.getElementById("find-by-name").addEventListener("submit", (event) => {
  remember(labelOf(new FormData(event.target).get("workspace")));
});
if (unknown) forget(labelOf(unknown));
addEventListener("pageshow", show);
show();
