import { GitbuilderError } from '../domain/errors.ts';
import { networkOf } from './forwarded.ts';

export type HeldKind = 'wait' | 'stream';

interface Limits {
  readonly perAddress: number;
  readonly total: number;
  /** Of the configuration, where the limits stand. */
  readonly section?: string;
}

interface Held {
  readonly kind: HeldKind;
  readonly network: string;
  readonly end: () => void;
}

/**
 * Requests that stay open on purpose. Each costs a socket and memory for as long as its client likes,
 * so there is a limit per address and in total, and all of them end when the service stops.
 */
export class HeldRequests {
  readonly #limits: Limits;
  readonly #held = new Set<Held>();
  readonly #perNetwork = new Map<string, number>();
  #isClosed = false;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** How many of a kind are open. */
  count(kind: HeldKind): number {
    let count = 0;
    for (const held of this.#held) if (held.kind === kind) count += 1;
    return count;
  }

  /**
   * Takes one in: `end` is called when the service stops, the answer when the request has ended by
   * itself. TOO_MANY_HELD and STOPPING refuse it.
   */
  enter(kind: HeldKind, address: string, end: () => void): () => void {
    if (this.#isClosed) throw new GitbuilderError('STOPPING');
    const network = networkOf(address);
    const ofNetwork = this.#perNetwork.get(network) ?? 0;
    const { perAddress, total, section = 'shaman' } = this.#limits;
    if (ofNetwork >= perAddress) refuse('of your address', perAddress, `${section}.heldPerAddress`);
    if (this.#held.size >= total) refuse('in total', total, `${section}.heldTotal`);
    const held = { kind, network, end };
    this.#held.add(held);
    this.#perNetwork.set(network, ofNetwork + 1);
    return () => this.#leave(held);
  }

  /** Ends all of them and takes no more. */
  close(): void {
    this.#isClosed = true;
    for (const { end } of [...this.#held]) end();
  }

  #leave(held: Held): void {
    if (!this.#held.delete(held)) return;
    const rest = (this.#perNetwork.get(held.network) ?? 1) - 1;
    if (rest === 0) this.#perNetwork.delete(held.network);
    else this.#perNetwork.set(held.network, rest);
  }
}

function refuse(whose: string, limit: number, setting: string): never {
  throw new GitbuilderError('TOO_MANY_HELD', { limit, whose, setting });
}
