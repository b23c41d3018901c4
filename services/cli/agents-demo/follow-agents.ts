import { AgentJson } from '../../api/agent-schemas.ts';
import { readEvents } from '../demo/read-events.ts';
import { newPhases } from './agent-phases.ts';
import type { ToldAgent } from './agent-phases.ts';

/** The agents of a service as its event stream tells of them, from the moment on when it was opened. */
export class FollowedAgents {
  readonly #agents = new Map<string, ToldAgent>();
  readonly #told: (line: string) => void;
  readonly #waiting = new Set<() => void>();
  #failed: ToldAgent | null = null;
  #lost: Error | null = null;

  private constructor(told: (line: string) => void) {
    this.#told = told;
  }

  /** Tells a line for each phase of each agent, until it is aborted. */
  static async follow(
    url: string,
    told: (line: string) => void,
    signal: AbortSignal,
  ): Promise<FollowedAgents> {
    const response = await fetch(`${url}api/v1/events`, { signal });
    if (!response.ok || response.body === null) {
      throw new Error(`the event stream of the agent service answered ${response.status}`);
    }
    const followed = new FollowedAgents(told);
    readEvents(response.body, ({ data }) => followed.#hear(AgentJson.parse(data))).then(
      () => followed.#lose(new Error('the event stream of the agent service ended')),
      (cause: unknown) => followed.#lose(cause instanceof Error ? cause : new Error(String(cause))),
    );
    return followed;
  }

  /** Oldest first. */
  all(): readonly ToldAgent[] {
    return [...this.#agents.values()];
  }

  /** The first that failed, once it is gone, for then its last lines are kept. */
  failed(): ToldAgent | null {
    const now = this.#agents.get(this.#failed?.id ?? '');
    return now?.state === 'gone' ? this.#failed : null;
  }

  /** Looks again after each event, and gives up when none came for so long; null: never. */
  async until(isSo: () => boolean, patienceMilliseconds: number | null): Promise<void> {
    while (!isSo()) {
      if (this.#lost !== null) throw this.#lost;
      await this.#next(patienceMilliseconds);
    }
  }

  #next(patienceMilliseconds: number | null): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => reject(this.#stuck(patienceMilliseconds ?? 0));
      const late =
        patienceMilliseconds === null ? undefined : setTimeout(giveUp, patienceMilliseconds);
      const heard = (): void => {
        clearTimeout(late);
        this.#waiting.delete(heard);
        resolve();
      };
      this.#waiting.add(heard);
    });
  }

  #stuck(milliseconds: number): Error {
    const left = this.all().filter(({ state }) => state !== 'gone');
    const lines = left.map(({ node, state, cause }) => `${node} is ${state}: ${cause}`);
    return new Error([`no agent changed for ${milliseconds / 1000} s`, ...lines].join('\n'));
  }

  #hear(agent: ToldAgent): void {
    for (const line of newPhases(this.#agents.get(agent.id), agent)) this.#told(line);
    this.#agents.set(agent.id, agent);
    if (agent.state === 'failed') this.#failed ??= agent;
    this.#tell();
  }

  #lose(cause: Error): void {
    this.#lost = cause;
    this.#tell();
  }

  #tell(): void {
    for (const heard of [...this.#waiting]) heard();
  }
}
