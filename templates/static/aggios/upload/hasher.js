// SHA-256 of files, computed in a worker, one file after the other.
let worker = null;
let lastNumber = 0;
let queue = Promise.resolve();
const waiting = new Map();

/**
 * Return the SHA-256 of a file in hexadecimal.
 * @param {File} file
 * @param {{onProgress?: (bytes: number) => void, signal?: AbortSignal}} [options]
 * @returns {Promise<string>}
 * @throws {DOMException} AbortError, or NotReadableError if the browser cannot read the file
 */
export function hashFile(file, { onProgress = () => {}, signal } = {}) {
  const result = queue.then(() => hashNow(file, onProgress, signal));
  queue = result.catch(() => {});
  return result;
}

function hashNow(file, onProgress, signal) {
  signal?.throwIfAborted();
  worker ??= startWorker();
  lastNumber += 1;
  const id = lastNumber;
  return new Promise((resolve, reject) => {
    const end = (settle, value) => {
      waiting.delete(id);
      signal?.removeEventListener("abort", stop);
      settle(value);
    };
    const stop = () => {
      worker.postMessage({ id, cancel: true });
      end(reject, signal.reason);
    };
    signal?.addEventListener("abort", stop);
    waiting.set(id, { onProgress, end, resolve, reject });
    worker.postMessage({ id, file });
  });
}

/** Return the address of the worker in the form that the page's policy asks for (Trusted Types). */
function workerAddress() {
  const { href } = new URL("./sha256-worker.js", import.meta.url);
  const policy = globalThis.trustedTypes?.createPolicy("aggios-worker", {
    createScriptURL: () => href,
  });
  return policy?.createScriptURL("") ?? href;
}

function startWorker() {
  const started = new Worker(workerAddress(), { type: "module" });
  started.addEventListener("message", ({ data }) => {
    const waiter = waiting.get(data.id);
    if (!waiter) return;
    if (data.hex) waiter.end(waiter.resolve, data.hex);
    else if (data.failed) waiter.end(waiter.reject, new DOMException("", "NotReadableError"));
    else waiter.onProgress(data.done);
  });
  started.addEventListener("error", () => {
    for (const waiter of [...waiting.values()]) {
      waiter.end(waiter.reject, new DOMException("", "NotReadableError"));
    }
  });
  return started;
}
