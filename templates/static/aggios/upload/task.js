// One file in the queue: its state, and what a person does with it.
import { ApiError, requestJson } from "./api.js";
import { hashFile } from "./hasher.js";
import { Transfer } from "./transfer.js";

/** @typedef {"waiting"|"hashing"|"sending"|"retrying"|"verifying"|"paused"|"done"|"failed"|"cancelled"|"unfinished"} TaskState */

export const ENDED = new Set(["done", "failed", "cancelled"]);
export const RUNNING = new Set(["hashing", "sending", "retrying", "verifying"]);

export class Task extends EventTarget {
  /**
   * @param {string} path the name, with its folders
   * @param {File | null} file null for an upload of an earlier visit, until its file is chosen again
   * @param {import("./records.js").Records} records
   */
  constructor(path, file, records) {
    super();
    this.path = path;
    this.file = file;
    this.records = records;
    this.size = file?.size ?? 0;
    /** @type {TaskState} */
    this.state = file ? "waiting" : "unfinished";
    this.done = 0;
    this.retryAt = 0;
    this.sha256 = "";
    this.uploadId = "";
    /** @type {{code?: string, title?: string} | null} */
    this.problem = null;
    this.abort = new AbortController();
  }

  get name() {
    return this.path.slice(this.path.lastIndexOf("/") + 1);
  }

  /** Run until the file is uploaded, or stopped. Never throws. */
  async run() {
    this.abort = new AbortController();
    this.problem = null;
    const { signal } = this.abort;
    try {
      await this.#upload(signal);
      this.#set("done");
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  /** The browser could not read the file when it was dropped. */
  failUnreadable() {
    this.problem = { code: "unreadable" };
    this.#set("failed");
  }

  pause() {
    if (ENDED.has(this.state) || this.state === "unfinished") return;
    this.#stop("paused");
  }

  /** Let the queue run it again. */
  queueAgain() {
    if (this.file) this.#set("waiting");
  }

  /** Stop for good; nothing is left in the store. */
  async cancel() {
    const wasDone = this.state === "done";
    this.#stop("cancelled");
    if (!this.uploadId || wasDone) return;
    this.records.remove(this.uploadId);
    try {
      await requestJson("DELETE", `/api/uploads/${this.uploadId}`);
    } catch {
      // The server ends it by itself after a while.
    }
  }

  async #upload(signal) {
    this.#set("hashing");
    const onHash = (bytes) => this.#progress(bytes);
    this.sha256 ||= await hashFile(this.file, { onProgress: onHash, signal });
    this.#progress(0);
    const transfer = new Transfer(this.file, {
      signal,
      onProgress: (bytes) => this.#progress(bytes),
      onWait: (milliseconds) => this.#wait(milliseconds),
      onSending: () => this.#set("sending"),
      onVerifying: () => this.#set("verifying"),
    });
    this.#set("sending");
    const upload = (await this.#earlier(transfer)) ?? (await this.#create(transfer));
    await transfer.finish(upload);
    this.records.remove(upload.id);
    this.#progress(this.size);
  }

  async #earlier(transfer) {
    const record = this.records.find(this.path, this.size, this.sha256);
    if (!record) return null;
    const upload = await transfer.find(record.id);
    if (!upload) this.records.remove(record.id);
    else this.uploadId = upload.id;
    return upload;
  }

  async #create(transfer) {
    const upload = await transfer.create(this.path, this.sha256);
    this.uploadId = upload.id;
    this.records.save({
      path: this.path,
      size: this.size,
      modified: this.file.lastModified,
      sha256: this.sha256,
      id: upload.id,
      at: Date.now(),
    });
    return upload;
  }

  #fail(error) {
    this.abort.abort();
    if (error instanceof ApiError) {
      const { code, title } = error;
      this.problem = { code, title };
      // The server has ended it; another attempt begins anew.
      if (["checksum_mismatch", "upload_ended", "not_found"].includes(code)) {
        this.records.remove(this.uploadId);
        this.sha256 = "";
      }
    } else {
      this.problem = { code: error?.name === "NotReadableError" ? "unreadable" : "unknown" };
    }
    this.#set("failed");
  }

  #stop(state) {
    this.#set(state);
    this.abort.abort();
  }

  #wait(milliseconds) {
    this.retryAt = milliseconds ? Date.now() + milliseconds : 0;
    this.#set("retrying");
  }

  #progress(bytes) {
    this.done = bytes;
    this.#changed();
  }

  #set(state) {
    if (this.abort.signal.aborted && RUNNING.has(state)) return;
    this.state = state;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
