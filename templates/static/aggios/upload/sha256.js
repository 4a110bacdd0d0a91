// SHA-256 of data that arrives in pieces (FIPS 180-4). WebCrypto hashes only what is in memory as a whole.
const BLOCK = 64;

/** The first 32 bits of the fractional part of a root, as FIPS 180-4 defines the constants. */
function fraction(root) {
  return ((root - Math.floor(root)) * 2 ** 32) | 0;
}

function firstPrimes(count) {
  const primes = [];
  for (let number = 2; primes.length < count; number += 1) {
    if (primes.every((prime) => number % prime)) primes.push(number);
  }
  return primes;
}

const PRIMES = firstPrimes(64);
const ROUND = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)));
const START = Int32Array.from(PRIMES.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));

export class Sha256 {
  constructor() {
    this.state = Int32Array.from(START);
    this.schedule = new Int32Array(64);
    this.rest = new Uint8Array(BLOCK);
    this.restLength = 0;
    this.length = 0;
  }

  /**
   * Add bytes.
   * @param {Uint8Array} data
   * @returns {this}
   */
  update(data) {
    this.length += data.length;
    let at = 0;
    if (this.restLength) {
      at = Math.min(BLOCK - this.restLength, data.length);
      this.rest.set(data.subarray(0, at), this.restLength);
      this.restLength += at;
      if (this.restLength < BLOCK) return this;
      this.#compress(this.rest, 0);
      this.restLength = 0;
    }
    for (; at + BLOCK <= data.length; at += BLOCK) this.#compress(data, at);
    this.rest.set(data.subarray(at), 0);
    this.restLength = data.length - at;
    return this;
  }

  /** Return the digest in hexadecimal. Nothing can be added afterwards. */
  hex() {
    const bits = this.length * 8;
    const padded = new Uint8Array(this.restLength < 56 ? BLOCK : 2 * BLOCK);
    padded.set(this.rest.subarray(0, this.restLength));
    padded[this.restLength] = 0x80;
    const view = new DataView(padded.buffer);
    view.setUint32(padded.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(padded.length - 4, bits >>> 0);
    for (let at = 0; at < padded.length; at += BLOCK) this.#compress(padded, at);
    return [...this.state].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  #compress(data, at) {
    const w = this.schedule;
    for (let i = 0, j = at; i < 16; i += 1, j += 4) {
      w[i] = (data[j] << 24) | (data[j + 1] << 16) | (data[j + 2] << 8) | data[j + 3];
    }
    for (let i = 16; i < 64; i += 1) {
      const x = w[i - 15];
      const y = w[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    const state = this.state;
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i += 1) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[i] + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
  }
}
