import type { Clock, Ids } from './ports.ts';

/** What a token opens, once. */
export type TokenPurpose = 'setup' | 'jar' | 'build';

interface Issued {
  readonly agent: string;
  readonly purpose: TokenPurpose;
  readonly expires: number;
}

/** Longer than any agent may take from its start to its last download. */
const LIFETIME = 1_800_000;

/**
 * One-time tokens: what a new container proves with that it is the agent it was made as. In memory
 * only; an agent whose token was lost with the process is made anew.
 */
export class SetupTokens {
  readonly #issued = new Map<string, Issued>();
  readonly #clock: Clock;
  readonly #ids: Ids;

  constructor(clock: Clock, ids: Ids) {
    this.#clock = clock;
    this.#ids = ids;
  }

  issue(agent: string, purpose: TokenPurpose): string {
    const now = this.#clock.now().getTime();
    for (const [token, { expires }] of this.#issued) if (expires <= now) this.#issued.delete(token);
    const token = this.#ids.token();
    this.#issued.set(token, { agent, purpose, expires: now + LIFETIME });
    return token;
  }

  /** The agent that a token was issued to; null for one that is unknown, used, old or for something else. */
  redeem(token: string, purpose: TokenPurpose): string | null {
    const issued = this.#issued.get(token);
    if (issued === undefined || issued.purpose !== purpose) return null;
    this.#issued.delete(token);
    return issued.expires > this.#clock.now().getTime() ? issued.agent : null;
  }

  /** Makes every token of an agent worthless. */
  revoke(agent: string): void {
    for (const [token, issued] of this.#issued) {
      if (issued.agent === agent) this.#issued.delete(token);
    }
  }
}
