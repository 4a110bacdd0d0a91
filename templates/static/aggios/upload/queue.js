// The queue: runs a few tasks at once, and tells when something changes or all have ended.
import { ENDED, RUNNING, Task } from "./task.js";

const FILES_AT_ONCE = 3;

export class Queue extends EventTarget {
  /** @param {import("./records.js").Records} records */
  constructor(records) {
    super();
    this.records = records;
    /** @type {Task[]} */
    this.tasks = [];
  }

  /** Show the uploads of an earlier visit. They go on when their files are chosen again. */
  restore() {
    for (const record of this.records.all()) {
      const task = new Task(record.path, null, this.records);
      task.size = record.size;
      task.uploadId = record.id;
      this.#insert(task);
    }
  }

  /**
   * Add files and start.
   * @param {import("./chosen.js").Chosen[]} chosen
   * @param {string} folder
   */
  add(chosen, folder) {
    const added = chosen.map(({ path, file }) => this.#addFile(`${folder}${path}`, path, file));
    this.dispatchEvent(new CustomEvent("added", { detail: added }));
    this.next();
  }

  /** Start waiting tasks while there is room. */
  next() {
    const running = this.tasks.filter((task) => RUNNING.has(task.state)).length;
    const waiting = this.tasks.filter((task) => task.state === "waiting");
    for (const task of waiting.slice(0, Math.max(0, FILES_AT_ONCE - running))) this.#run(task);
  }

  /** @param {Task} task */
  resume(task) {
    task.queueAgain();
    this.next();
  }

  pauseAll() {
    for (const task of this.tasks) task.pause();
  }

  resumeAll() {
    for (const task of this.tasks) {
      if (task.state === "paused") task.queueAgain();
    }
    this.next();
  }

  /** @param {Task} task */
  remove(task) {
    this.tasks = this.tasks.filter((other) => other !== task);
    this.dispatchEvent(new CustomEvent("removed", { detail: task }));
    this.next();
  }

  get isBusy() {
    return this.tasks.some((task) => RUNNING.has(task.state) || task.state === "waiting");
  }

  async #run(task) {
    await task.run();
    if (ENDED.has(task.state)) this.dispatchEvent(new CustomEvent("ended", { detail: task }));
    this.next();
    if (!this.isBusy) this.dispatchEvent(new Event("idle"));
  }

  /** An upload of an earlier visit with the same name and size gets its file; another is new. */
  #addFile(path, shortPath, file) {
    if (!file) return this.#addUnreadable(path);
    const isSame = (task) =>
      task.state === "unfinished" && task.size === file.size && sameName(task.path, path, shortPath);
    const earlier = this.tasks.find(isSame);
    if (earlier) {
      earlier.file = file;
      earlier.queueAgain();
      return earlier;
    }
    const task = new Task(path, file, this.records);
    this.#insert(task);
    return task;
  }

  #addUnreadable(path) {
    const task = new Task(path, null, this.records);
    this.#insert(task);
    task.failUnreadable();
    this.dispatchEvent(new CustomEvent("ended", { detail: task }));
    return task;
  }

  #insert(task) {
    this.tasks.push(task);
    task.addEventListener("change", () => {
      this.dispatchEvent(new CustomEvent("changed", { detail: task }));
    });
    this.dispatchEvent(new CustomEvent("inserted", { detail: task }));
  }
}

/** A file is chosen again anywhere: its own name decides, in the folder of then. */
function sameName(earlier, path, shortPath) {
  return earlier === path || earlier.endsWith(`/${shortPath}`) || earlier === shortPath;
}
