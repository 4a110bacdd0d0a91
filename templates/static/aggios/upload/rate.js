// The rate of all uploads together, over the last seconds.
const WINDOW = 10_000;

export class Rate {
  constructor() {
    this.samples = [];
  }

  /**
   * Note how many bytes are sent in all.
   * @param {number} bytes
   * @param {number} now milliseconds
   */
  add(bytes, now) {
    if (this.samples.length && bytes < this.samples.at(-1).bytes) this.samples = [];
    this.samples.push({ bytes, now });
    while (this.samples.length > 2 && now - this.samples[0].now > WINDOW) this.samples.shift();
  }

  /** Bytes per second; 0 if it is not known yet. */
  get perSecond() {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || last.now - first.now < 500) return 0;
    return ((last.bytes - first.bytes) * 1000) / (last.now - first.now);
  }
}
