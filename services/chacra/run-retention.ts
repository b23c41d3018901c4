import { GitbuilderError } from '../domain/errors.ts';
import { reasonOf } from '../domain/reason.ts';
import { deleteBuild } from './delete-build.ts';
import type { DeleteBuildCollaborators } from './delete-build.ts';
import { removeEndedPins } from './pin-build.ts';
import { planRetention } from './plan-retention.ts';
import type { PlanCollaborators, RetentionPlan, Weighed } from './plan-retention.ts';

export interface RetentionCollaborators extends DeleteBuildCollaborators, PlanCollaborators {
  /** Removes the blobs that nothing names any more. */
  readonly sweep: () => Promise<unknown>;
}

/** A run, under way or over. */
export interface RetentionRun {
  readonly state: 'planning' | 'deleting' | 'sweeping' | 'done' | 'stopped' | 'failed';
  readonly by: string;
  readonly started: string;
  readonly ended: string | null;
  readonly planned: number;
  readonly deleted: number;
  /** What came into use, was pinned or changed since it was planned. */
  readonly spared: number;
  readonly freedBytes: number;
  readonly error: string | null;
}

/** Deletes what the plan says, one run at a time. */
export class Retention {
  readonly #collaborators: RetentionCollaborators;
  #last: RetentionRun | null = null;
  #running: Promise<RetentionRun> | null = null;
  #isStopped = false;

  constructor(collaborators: RetentionCollaborators) {
    this.#collaborators = collaborators;
  }

  /** The run under way, or the last one since the start. */
  get last(): RetentionRun | null {
    return this.#last;
  }

  plan(): Promise<RetentionPlan> {
    return planRetention(this.#collaborators);
  }

  /** Begins a run; RETENTION_RUNNING while there is one. The answer resolves when it is over. */
  start(by: string): Promise<RetentionRun> {
    if (this.#isStopped) throw new GitbuilderError('STOPPING');
    if (this.#running !== null) throw new GitbuilderError('RETENTION_RUNNING');
    const started = this.#collaborators.clock.now().toISOString();
    this.#last = { ...NEW_RUN, by, started };
    this.#running = this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** As `start`, by itself: null, and nothing else, while there is a run. */
  async startUnlessRunning(by: string): Promise<RetentionRun | null> {
    return this.#running === null ? this.start(by) : null;
  }

  /** Ends a run after the build that it is at. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<RetentionRun> {
    const { log } = this.#collaborators;
    try {
      await removeEndedPins(this.#collaborators);
      const { doomed } = await this.plan();
      this.#tell({ state: 'deleting', planned: doomed.length });
      for (const one of doomed) {
        if (this.#isStopped) break;
        await this.#delete(one);
        await this.#collaborators.pause();
      }
      this.#tell({ state: 'sweeping' });
      if (this.#now.deleted > 0 && !this.#isStopped) await this.#collaborators.sweep();
      return this.#end({ state: this.#isStopped ? 'stopped' : 'done' });
    } catch (cause) {
      log.error({ err: cause, ...this.#now }, 'retention broke off');
      const error = reasonOf(cause);
      return this.#end({ state: 'failed', error });
    }
  }

  async #delete(one: Weighed): Promise<void> {
    const gone = await deleteBuild(this.#collaborators, one);
    if (gone) {
      const { deleted, freedBytes } = this.#now;
      this.#tell({ deleted: deleted + 1, freedBytes: freedBytes + one.freedBytes });
    } else {
      this.#tell({ spared: this.#now.spared + 1 });
    }
  }

  get #now(): RetentionRun {
    return this.#last ?? NEW_RUN;
  }

  #tell(news: Partial<RetentionRun>): RetentionRun {
    this.#last = { ...this.#now, ...news };
    return this.#last;
  }

  #end(news: Partial<RetentionRun>): RetentionRun {
    return this.#tell({ ...news, ended: this.#collaborators.clock.now().toISOString() });
  }
}

const NEW_RUN: RetentionRun = {
  state: 'planning',
  by: '',
  started: '',
  ended: null,
  planned: 0,
  deleted: 0,
  spared: 0,
  freedBytes: 0,
  error: null,
};
