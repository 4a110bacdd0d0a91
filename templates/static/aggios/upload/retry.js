// Repeats what fails for a while: growing waits, and none while the browser is offline.
import { ApiError } from "./api.js";

const MAX_TRIES = 12;
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30_000;

/**
 * Call `action` until it succeeds or fails for good.
 * @template T
 * @param {() => Promise<T>} action
 * @param {{signal: AbortSignal, onWait: (milliseconds: number) => void}} options `onWait` gets 0 while offline
 * @returns {Promise<T>}
 */
export async function withRetries(action, { signal, onWait }) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await action();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ApiError) || !error.isTemporary || tries >= MAX_TRIES) throw error;
      if (!navigator.onLine) {
        tries = 0;
        onWait(0);
        await nextEvent("online", signal);
      } else {
        const wait = waitBefore(tries, error.retryAfter);
        onWait(wait);
        await pause(wait, signal);
      }
    }
  }
}

/** Wait; the end of a lost connection ends the wait early. */
export async function pause(milliseconds, signal) {
  await Promise.race([
    new Promise((resolve) => setTimeout(resolve, milliseconds)),
    nextEvent("online", signal),
  ]);
}

function waitBefore(tries, retryAfter) {
  const growing = Math.min(FIRST_WAIT * 2 ** (tries - 1), LONGEST_WAIT);
  // A different wait in each browser, so that a restarted server is not asked by all at once.
  return Math.max(retryAfter * 1000, growing * (0.5 + Math.random() / 2));
}

function nextEvent(name, signal) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    addEventListener(name, () => resolve(), { once: true, signal });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
