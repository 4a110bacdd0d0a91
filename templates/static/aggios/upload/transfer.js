// One upload: created or found again, its parts sent, completed. Knows the API, and nothing of the page.
import { ApiError, requestJson } from "./api.js";
import { putPart } from "./put.js";
import { pause, withRetries } from "./retry.js";

const PARTS_AT_ONCE = 3;
const URLS_AT_ONCE = 50;
const MAX_ROUNDS = 4;

/**
 * @typedef {object} TransferOptions
 * @property {AbortSignal} signal
 * @property {(bytes: number) => void} onProgress bytes that the store has or that are on their way
 * @property {(milliseconds: number) => void} onWait before another attempt
 * @property {() => void} onSending
 * @property {() => void} onVerifying
 */

export class Transfer {
  /**
   * @param {File} file
   * @param {TransferOptions} options
   */
  constructor(file, options) {
    this.file = file;
    this.options = options;
    this.sent = new Map();
  }

  /** Create the upload; repeating the request creates no second one. */
  create(path, sha256) {
    const headers = { "Idempotency-Key": randomKey() };
    const body = { name: path, size: this.file.size, sha256 };
    return this.#request("POST", "/api/uploads", body, headers);
  }

  /** Return the upload if it can go on or is complete; null if it has ended. */
  async find(id) {
    try {
      const upload = await this.#request("GET", `/api/uploads/${id}`);
      return upload.state === "failed" ? null : upload;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  /** Send what the store does not have, then complete the upload; return the file. */
  async finish(upload) {
    let current = upload;
    for (let round = 1; ; round += 1) {
      if (current.state === "pending") await this.#sendMissing(current);
      try {
        return await this.#complete(upload.id);
      } catch (error) {
        const isIncomplete = error instanceof ApiError && error.code === "upload_incomplete";
        if (!isIncomplete || round >= MAX_ROUNDS) throw error;
        current = await this.#request("GET", `/api/uploads/${upload.id}`);
      }
    }
  }

  async #sendMissing(upload) {
    const stored = new Map((upload.parts ?? []).map((part) => [part.number, part.size]));
    this.sent = stored;
    this.#report();
    const missing = [];
    for (let number = 1; number <= upload.part_count; number += 1) {
      if (!stored.has(number)) missing.push(number);
    }
    const urls = new Map();
    for (const [index, url] of (upload.urls ?? []).entries()) urls.set(index + 1, url);
    const state = { upload, missing, urls, headers: upload.headers ?? {} };
    const workers = Array.from({ length: PARTS_AT_ONCE }, () => this.#sendInTurn(state));
    await Promise.all(workers);
  }

  async #sendInTurn(state) {
    for (let number = state.missing.shift(); number; number = state.missing.shift()) {
      await this.#sendPart(state, number);
    }
  }

  async #sendPart(state, number) {
    const { part_size: size } = state.upload;
    const blob = this.file.slice((number - 1) * size, number * size);
    const attempt = async () => {
      const url = await this.#urlOf(state, number);
      this.options.onSending();
      try {
        await putPart(url, blob, {
          headers: state.headers,
          signal: this.options.signal,
          onProgress: (bytes) => this.#progress(number, bytes),
        });
      } catch (error) {
        this.#progress(number, 0);
        state.urls.delete(number); // it may have expired
        if (!(error instanceof ApiError) || error.isTemporary) throw error;
        if (error.status === 403) throw new ApiError(503, error.code, "");
        throw error;
      }
    };
    await withRetries(attempt, this.options);
    this.#progress(number, blob.size);
  }

  async #urlOf(state, number) {
    if (!state.urls.has(number)) {
      const numbers = [number, ...state.missing.slice(0, URLS_AT_ONCE - 1)];
      const path = `/api/uploads/${state.upload.id}/parts`;
      const { urls, headers } = await this.#once("POST", path, { numbers });
      for (const [index, wanted] of numbers.entries()) state.urls.set(wanted, urls[index]);
      state.headers = headers;
    }
    return state.urls.get(number);
  }

  async #complete(id) {
    for (;;) {
      const answer = await this.#request("POST", `/api/uploads/${id}/complete`, {});
      if (!answer.state) return answer;
      this.options.onVerifying();
      await pause(answer.retryAfter * 1000, this.options.signal);
    }
  }

  #progress(number, bytes) {
    this.sent.set(number, bytes);
    this.#report();
  }

  #report() {
    let total = 0;
    for (const bytes of this.sent.values()) total += bytes;
    this.options.onProgress(Math.min(total, this.file.size));
  }

  #request(method, path, body, headers) {
    return withRetries(() => this.#once(method, path, body, headers), this.options);
  }

  #once(method, path, body, headers) {
    return requestJson(method, path, body, { headers, signal: this.options.signal });
  }
}

function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
