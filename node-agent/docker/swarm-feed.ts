import type Docker from 'dockerode';
import type { Clock } from '../../services/domain/clock.ts';
import type { Log } from '../../services/domain/log.ts';
import { identityOf, labelName } from '../rules/container.ts';
import type { EngineListener, FromEngine } from '../ports.ts';
import { askEngine } from './ask-engine.ts';
import { reading } from './engine-answers.ts';
import { exitCodeOf, hasEnded } from './swarm-tasks.ts';
import { taskList, type ListedTask } from './swarm-answers.ts';
import { untilOrClosed } from './until-or-closed.ts';

const EVERY_MILLISECONDS = 1000;
const LONGEST_PAUSE = 15_000;
const ANSWER_MILLISECONDS = 20_000;

export interface SwarmFeedParts {
  readonly docker: Docker;
  readonly host: string;
  readonly service: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly closed: AbortSignal;
}

/** The ends of our tasks. Swarm has no events of them, so they are asked for. */
export class SwarmFeed {
  readonly #parts: SwarmFeedParts;
  readonly #listener: EngineListener;
  /** Tasks whose end was told, or had come before we followed. */
  #ended = new Set<string>();
  #pause = 0;
  #isFollowing = false;

  constructor(parts: SwarmFeedParts, listener: EngineListener) {
    this.#parts = parts;
    this.#listener = listener;
  }

  /** Looks again and again, until the engine is closed. */
  async follow(): Promise<void> {
    const { clock, closed } = this.#parts;
    while (!closed.aborted) {
      await this.#look();
      if (closed.aborted) return;
      await untilOrClosed(clock, Math.max(this.#pause, EVERY_MILLISECONDS), closed);
    }
  }

  async #look(): Promise<void> {
    const { host, log, closed } = this.#parts;
    const tasks = await listTasks(this.#parts);
    if (!tasks.ok) {
      if (!closed.aborted && this.#pause === 0)
        log.warn({ host, reason: tasks.failure.reason }, 'a Swarm does not tell of its tasks');
      this.#pause = Math.min((this.#pause || 500) * 2, LONGEST_PAUSE);
      this.#isFollowing = false;
      return;
    }
    const wasFollowing = this.#isFollowing;
    this.#pause = 0;
    this.#isFollowing = true;
    const ended = tasks.value.filter(hasEnded);
    const news = ended.filter(({ ID }) => !this.#ended.has(ID));
    this.#ended = new Set(ended.map(({ ID }) => ID));
    if (!wasFollowing) return this.#listener.missed();
    for (const task of news) this.#tell(task);
  }

  #tell(task: ListedTask): void {
    const identity = identityOf(task.Spec.ContainerSpec.Labels);
    if (identity !== null) {
      this.#listener.died(task.ServiceID, identity.agent, exitCodeOf(task));
    }
  }
}

/** All tasks of the services that are ours. */
export function listTasks({
  docker,
  service,
  closed,
}: Pick<SwarmFeedParts, 'docker' | 'service' | 'closed'>): FromEngine<ListedTask[]> {
  const filters = JSON.stringify({ label: [`${labelName('service')}=${service}`] });
  return askEngine(
    { milliseconds: ANSWER_MILLISECONDS, closed },
    (abortSignal) => docker.listTasks({ filters, abortSignal }),
    reading(taskList),
  );
}
