// Sends bytes to the store. XMLHttpRequest, because fetch reports no progress of a request.
import { ApiError } from "./api.js";

const STALLED = 60_000;

/**
 * Put a part to its presigned URL.
 * @param {string} url
 * @param {Blob} blob
 * @param {{headers: Record<string, string>, signal: AbortSignal, onProgress: (bytes: number) => void}} options
 * @returns {Promise<string>} the part's ETag
 * @throws {ApiError}
 */
export function putPart(url, blob, { headers, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    const lost = () => reject(new ApiError(0, "network", ""));
    let timer = setTimeout(stop, STALLED);
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => {
      clearTimeout(timer);
      timer = setTimeout(stop, STALLED);
      onProgress(event.loaded);
    });
    request.addEventListener("error", lost);
    request.addEventListener("abort", () => (signal.aborted ? reject(signal.reason) : lost()));
    request.addEventListener("load", () => {
      if (request.status < 300) resolve(request.getResponseHeader("ETag") ?? "");
      else reject(new ApiError(request.status, storeCode(request.status), ""));
    });
    request.addEventListener("loadend", () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    });
    signal.addEventListener("abort", stop);
    request.send(blob);
  });
}

function storeCode(status) {
  return status >= 500 ? "storage_unavailable" : "upload_interrupted";
}
