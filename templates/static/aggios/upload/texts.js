// The texts of the page in its language. The server writes them into the page as JSON.
const holder = document.getElementById("uploads");
/** @type {{texts: Record<string, string>, problems: Record<string, string>}} */
const SETTINGS = JSON.parse(holder?.dataset.settings || '{"texts": {}, "problems": {}}');

/**
 * Return a text, its placeholders filled in.
 * @param {string} name
 * @param {Record<string, string | number>} [values]
 */
export function text(name, values = {}) {
  const template = SETTINGS.texts[name] ?? name;
  return template.replace(/\{(\w+)\}/g, (whole, key) => String(values[key] ?? whole));
}

/**
 * Return the title of a problem in the language of the page.
 * @param {{code?: string, title?: string}} problem
 */
export function problemText(problem) {
  if (problem.code === "network" || problem.code === "unreadable") return text(problem.code);
  return SETTINGS.problems[problem.code] ?? (problem.title || text("unknown"));
}

/** Return a size such as "1.5 MB". */
export function sizeText(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  // The short form of the unit is "byte" for any number.
  const unitDisplay = unit ? "short" : "long";
  const options = { style: "unit", unit: units[unit], unitDisplay, maximumFractionDigits: unit ? 1 : 0 };
  return new Intl.NumberFormat(document.documentElement.lang, options).format(value);
}

/** Return a duration such as "3 min". */
export function timeText(seconds) {
  if (seconds < 60) return text("seconds", { n: Math.max(1, Math.ceil(seconds)) });
  if (seconds < 3600) return text("minutes", { n: Math.ceil(seconds / 60) });
  return text("hours", { n: (seconds / 3600).toFixed(1) });
}
