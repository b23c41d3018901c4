/** Lets so many pieces of work run at once per host; the others wait in their order. */
export class HostSlots {
  readonly #limit: number;
  readonly #hosts = new Map<string, { running: number; readonly waiting: Array<() => void> }>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  async use<T>(host: string, work: () => Promise<T>): Promise<T> {
    const slots = this.#hosts.get(host) ?? { running: 0, waiting: [] };
    this.#hosts.set(host, slots);
    if (slots.running >= this.#limit) await new Promise<void>((go) => slots.waiting.push(go));
    else slots.running += 1;
    try {
      return await work();
    } finally {
      const next = slots.waiting.shift();
      // The one that goes on takes the place over.
      if (next === undefined) slots.running -= 1;
      else next();
    }
  }
}
