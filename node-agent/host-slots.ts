import { Lanes } from '../services/platform/lanes.ts';

/** Lets so many pieces of work run at once per host; the others wait in their order. */
export class HostSlots {
  readonly #limit: number;
  readonly #hosts = new Map<string, Lanes>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  use<T>(host: string, work: () => Promise<T>): Promise<T> {
    const lanes = this.#hosts.get(host) ?? new Lanes(this.#limit);
    this.#hosts.set(host, lanes);
    return lanes.run(work);
  }
}
