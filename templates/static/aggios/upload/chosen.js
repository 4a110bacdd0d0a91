// Files that a person chooses or drops, with the folders that they are in.
const SYSTEM_FILES = new Set([".DS_Store", "Thumbs.db", "desktop.ini"]);

/**
 * @typedef {{path: string, file: File | null}} Chosen `path` is relative: "a/b/name"; `file` is null
 * for what the browser could not read.
 */

/**
 * Return the files of an input, those of a folder with their paths.
 * @param {FileList} list
 * @returns {Chosen[]}
 */
export function filesOfInput(list) {
  return [...list]
    .map((file) => ({ path: file.webkitRelativePath || file.name, file }))
    .filter(isWanted);
}

/**
 * Return what was dropped, folders with all that is in them.
 * @param {DataTransfer} data
 * @returns {Promise<Chosen[]>}
 */
export async function filesOfDrop(data) {
  // Entries must be taken before the first await: the browser empties the list afterwards.
  const items = [...data.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.());
  if (entries.some((entry) => !entry)) return filesOfInput(data.files);
  const found = await Promise.all(entries.map((entry) => walk(entry, "")));
  return found.flat().filter(isWanted);
}

async function walk(entry, folder) {
  // macOS allows "/" in a name and stores ":"; a browser may show either.
  const path = `${folder}${entry.name.replaceAll("/", ":")}`;
  if (entry.isFile) {
    const file = await new Promise((resolve) => entry.file(resolve, () => resolve(null)));
    return [{ path, file }];
  }
  const children = await readAll(entry.createReader());
  if (!children) return [{ path: `${path}/`, file: null }];
  const found = await Promise.all(children.map((child) => walk(child, `${path}/`)));
  return found.flat();
}

/** A reader returns the entries of a folder in batches, then an empty one. Null if one fails. */
async function readAll(reader) {
  const all = [];
  for (;;) {
    const batch = await new Promise((resolve) => reader.readEntries(resolve, () => resolve(null)));
    if (!batch) return null;
    if (!batch.length) return all;
    all.push(...batch);
  }
}

function isWanted({ path }) {
  return !SYSTEM_FILES.has(path.slice(path.lastIndexOf("/") + 1));
}
