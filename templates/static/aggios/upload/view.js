// The queue in the page: one row for each file, a summary, and one live region.
import { ENDED, RUNNING } from "./task.js";
import { Rate } from "./rate.js";
import { problemText, sizeText, text, timeText } from "./texts.js";

const MANY = 5;

export class View {
  /**
   * @param {HTMLElement} section
   * @param {import("./queue.js").Queue} queue
   * @param {{choose: () => void}} actions
   */
  constructor(section, queue, actions) {
    this.section = section;
    this.queue = queue;
    this.actions = actions;
    this.rows = new Map();
    this.rate = new Rate();
    this.dirty = new Set();
    this.live = document.getElementById("upload-announcements");
    queue.addEventListener("inserted", (event) => this.#insert(event.detail));
    queue.addEventListener("changed", (event) => this.#later(event.detail));
    queue.addEventListener("removed", (event) => this.#remove(event.detail));
    queue.addEventListener("added", (event) => this.#announceAdded(event.detail));
    queue.addEventListener("ended", (event) => this.#announceEnded(event.detail));
    section.addEventListener("click", (event) => this.#click(event));
    setInterval(() => this.#tick(), 1000);
  }

  #insert(task) {
    const template = this.section.querySelector("template");
    const row = document.importNode(template.content, true).firstElementChild;
    row.querySelector(".upload-name").textContent = task.path;
    for (const button of row.querySelectorAll("[data-do]")) labelButton(button, task);
    row.querySelector("progress").setAttribute("aria-label", task.name);
    this.rows.set(task, row);
    this.section.querySelector("ul").append(row);
    this.section.hidden = false;
    this.#later(task);
  }

  #remove(task) {
    this.rows.get(task)?.remove();
    this.rows.delete(task);
    this.section.hidden = this.rows.size === 0;
    this.#showSummary();
  }

  /** Draw at most once in a frame, however often the numbers change. */
  #later(task) {
    if (!this.dirty.size) setTimeout(() => this.#draw(), 100);
    this.dirty.add(task);
  }

  #draw() {
    for (const task of this.dirty) this.#drawRow(task);
    this.dirty.clear();
    this.#showSummary();
  }

  #drawRow(task) {
    const row = this.rows.get(task);
    if (!row) return;
    row.dataset.state = task.state;
    row.querySelector(".upload-state").textContent = this.#stateText(task);
    const bar = row.querySelector("progress");
    bar.hidden = ENDED.has(task.state) || task.state === "unfinished";
    bar.value = task.size ? task.done / task.size : 0;
    const shown = {
      pause: RUNNING.has(task.state) || task.state === "waiting",
      resume: task.state === "paused" || task.state === "unfinished",
      retry: task.state === "failed",
      cancel: true,
    };
    for (const button of row.querySelectorAll("[data-do]")) {
      const hadFocus = document.activeElement === button;
      button.hidden = !shown[button.dataset.do];
      labelButton(button, task);
      if (hadFocus && button.hidden) row.querySelector("[data-do]:not([hidden])").focus();
    }
  }

  #stateText(task) {
    const share = `${sizeText(task.done)} / ${sizeText(task.size)}`;
    const stated = text(task.state);
    switch (task.state) {
      case "sending":
      case "hashing":
      case "paused":
        return `${stated} · ${share}`;
      case "retrying":
        return this.#retryText(task);
      case "failed":
        return text("failed", { reason: problemText(task.problem ?? {}) });
      case "done":
        return `${stated} · ${sizeText(task.size)}`;
      default:
        return stated;
    }
  }

  #retryText(task) {
    if (!task.retryAt) return text("offline");
    const seconds = Math.max(1, Math.ceil((task.retryAt - Date.now()) / 1000));
    return text("retrying", { seconds });
  }

  #tick() {
    const sending = this.queue.tasks.filter((task) => task.state === "sending");
    if (sending.length) this.rate.add(sum(this.queue.tasks, (task) => sentOf(task)), Date.now());
    for (const task of this.queue.tasks) {
      if (task.state === "retrying") this.#drawRow(task);
    }
    this.#showSummary();
  }

  #showSummary() {
    const tasks = this.queue.tasks.filter((task) => task.state !== "cancelled");
    const done = tasks.filter((task) => task.state === "done").length;
    const failed = tasks.filter((task) => task.state === "failed").length;
    const parts = [
      text(failed ? "summaryFailed" : "summary", { done, total: tasks.length, failed }),
      ...this.#rateTexts(tasks),
    ];
    this.section.querySelector("[data-summary]").textContent = parts.join(" · ");
    const [pause, resume] = ["pause", "resume"].map((name) =>
      this.section.querySelector(`[data-all="${name}"]`),
    );
    pause.hidden = !this.queue.isBusy;
    resume.hidden = !tasks.some((task) => task.state === "paused");
    this.section.querySelector('[data-all="clear"]').hidden = !done;
  }

  #rateTexts(tasks) {
    const { perSecond } = this.rate;
    if (!perSecond || !tasks.some((task) => task.state === "sending")) return [];
    const open = tasks.filter((task) => RUNNING.has(task.state) || task.state === "waiting");
    const left = sum(open, (task) => task.size - sentOf(task));
    return [`${sizeText(perSecond)}/s`, text("left", { time: timeText(left / perSecond) })];
  }

  #announceAdded(tasks) {
    const note = document.getElementById("upload-note");
    note.hidden = tasks.length > 0;
    note.textContent = tasks.length ? "" : text("nothing");
    this.#announce(tasks.length ? text("started", { total: tasks.length }) : text("nothing"));
  }

  #announceEnded(task) {
    const open = this.queue.tasks.filter((other) => !ENDED.has(other.state)).length;
    if (task.state === "failed") {
      const reason = problemText(task.problem ?? {});
      this.#announce(text("fileFailed", { name: task.name, reason }));
    } else if (task.state === "done" && (open === 0 || this.queue.tasks.length <= MANY)) {
      this.#announce(text("fileDone", { name: task.name }));
    }
  }

  #announce(sentence) {
    this.live.textContent = sentence;
  }

  #click(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const { all, do: verb } = button.dataset;
    if (all) this.#clickAll(all);
    const row = button.closest(".upload");
    const task = [...this.rows].find(([, shown]) => shown === row)?.[0];
    if (verb && task) this.#clickTask(verb, task);
  }

  #clickAll(verb) {
    if (verb === "pause") this.queue.pauseAll();
    if (verb === "resume") this.queue.resumeAll();
    if (verb === "clear") {
      const ended = this.queue.tasks.filter((task) => ["done", "cancelled"].includes(task.state));
      for (const task of ended) this.queue.remove(task);
    }
  }

  #clickTask(verb, task) {
    if (verb === "pause") task.pause();
    else if (verb === "cancel") {
      this.queue.remove(task);
      task.cancel();
      this.section.querySelector("button:not([hidden])")?.focus();
    } else if (task.file) this.queue.resume(task);
    else this.actions.choose();
  }
}

/** Say what a button does with a task. What is uploaded cannot be cancelled any more. */
function labelButton(button, task) {
  const verb = button.dataset.do;
  const action = text(verb === "cancel" && task.state === "done" ? "remove" : verb);
  if (button.title === action) return;
  button.querySelector("span").textContent = `${action}: ${task.name}`;
  button.title = action;
}

/** Bytes of a task that are sent; while it is hashed, none are. */
function sentOf(task) {
  return task.state === "hashing" ? 0 : task.done;
}

function sum(tasks, value) {
  return tasks.reduce((total, task) => total + value(task), 0);
}
