// Uploads that were begun in this browser, so that they can go on after a reload. Only names, sizes,
// checksums and ids are kept, for one person.
const LIFETIME = 24 * 3600 * 1000;

/**
 * @typedef {object} UploadRecord
 * @property {string} path the name of the file, with its folders
 * @property {number} size
 * @property {number} modified the file's lastModified
 * @property {string} sha256
 * @property {string} id of the upload
 * @property {number} at when it was begun
 */

export class Records {
  /** @param {string} person the id of the person */
  constructor(person) {
    this.key = `aggios-uploads-${person}`;
  }

  /** @returns {UploadRecord[]} */
  all() {
    try {
      const stored = JSON.parse(localStorage.getItem(this.key) ?? "[]");
      return stored.filter((record) => Date.now() - record.at < LIFETIME);
    } catch {
      return []; // storage is blocked, or not ours
    }
  }

  /**
   * Return the upload of the same file: by name, size and checksum.
   * @returns {UploadRecord | undefined}
   */
  find(path, size, sha256) {
    return this.all().find((r) => r.path === path && r.size === size && r.sha256 === sha256);
  }

  /** @param {UploadRecord} record */
  save(record) {
    this.#write([...this.all().filter((other) => other.id !== record.id), record]);
  }

  /** @param {string} id */
  remove(id) {
    this.#write(this.all().filter((record) => record.id !== id));
  }

  #write(records) {
    try {
      localStorage.setItem(this.key, JSON.stringify(records));
    } catch {
      // Without storage an upload cannot go on after a reload.
    }
  }
}
