// A worker that hashes files, so that the page stays responsive. One message in, several out:
// {id, file} or {id, cancel: true}  ->  {id, done} (bytes so far), then {id, hex} or {id, failed: true}.
import { Sha256 } from "./sha256.js";

const CHUNK = 4 * 1024 * 1024;
const cancelled = new Set();

async function hash(id, file) {
  const digest = new Sha256();
  for (let at = 0; at < file.size; at += CHUNK) {
    if (cancelled.delete(id)) return;
    digest.update(new Uint8Array(await file.slice(at, at + CHUNK).arrayBuffer()));
    postMessage({ id, done: Math.min(at + CHUNK, file.size) });
  }
  postMessage({ id, hex: digest.hex() });
}

addEventListener("message", async ({ data }) => {
  if (data.cancel) {
    cancelled.add(data.id);
    return;
  }
  try {
    await hash(data.id, data.file);
  } catch {
    postMessage({ id: data.id, failed: true });
  }
});
