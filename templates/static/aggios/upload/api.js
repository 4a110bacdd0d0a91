// Requests of the page's scripts to the API of the same origin, with the session's cookie.

/** A problem of the server (RFC 9457), or no response at all: `code` is then "network". */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} title
   * @param {number} retryAfter seconds, 0 if the server gave none
   */
  constructor(status, code, title, retryAfter = 0) {
    super(title || code);
    this.status = status;
    this.code = code;
    this.title = title;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request can succeed later. */
  get isTemporary() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/**
 * Send a request and return its JSON; null without a body.
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @param {{headers?: Record<string, string>, signal?: AbortSignal}} [options]
 * @returns {Promise<any>}
 * @throws {ApiError}
 */
export async function requestJson(method, path, body, options = {}) {
  const response = await send(method, path, body, options);
  const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
  const document = isJson ? await response.json().catch(() => null) : null;
  if (!response.ok) {
    const retryAfter = Number(response.headers.get("Retry-After")) || 0;
    const { code = "unknown", title = "" } = document ?? {};
    throw new ApiError(response.status, code, title, retryAfter);
  }
  return response.status === 202 ? { ...document, retryAfter: 2 } : document;
}

async function send(method, path, body, { headers = {}, signal }) {
  const all = { Accept: "application/json", "X-CSRFToken": csrfToken(), ...headers };
  if (body !== undefined) all["Content-Type"] = "application/json";
  try {
    return await fetch(path, {
      method,
      headers: all,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      signal,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "network", "");
  }
}

function csrfToken() {
  return document.querySelector("meta[name=csrf-token]")?.content ?? "";
}
