import { reasonOf } from '../services/domain/reason.ts';
import type { Clock, Log } from './ports.ts';
import type { Situation } from './situation.ts';
import type { Template } from './rules/template.ts';

/** Reads templates as they are now, or everything that is wrong with them. */
export type ReadSource = () => Promise<{
  readonly templates: readonly Template[];
  readonly problems: readonly string[];
}>;

interface Parts {
  readonly read: ReadSource;
  readonly situation: Situation;
  readonly clock: Clock;
  readonly log: Log;
}

const LOOK_MILLISECONDS = 5000;

/**
 * Reads templates again and again, so that a change needs no restart. Those with a mistake change
 * nothing: the last good ones stay in use, and health says what is wrong.
 */
export class TemplateReloading {
  readonly #parts: Parts;
  #cancel: () => void = () => undefined;
  #reading: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    await this.readNow();
    this.#again();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#reading;
  }

  async readNow(): Promise<void> {
    const { read, situation, log } = this.#parts;
    let found: Awaited<ReturnType<ReadSource>>;
    try {
      found = await read();
    } catch (cause) {
      const reason = reasonOf(cause);
      found = { templates: [], problems: [reason] };
    }
    const { templates, problems } = found;
    if (problems.length > 0) {
      if (problems.join('\n') !== situation.templateProblems.join('\n')) {
        log.error({ problems }, 'templates have mistakes; the last good ones stay in use');
      }
      situation.templateProblems = problems;
      return;
    }
    situation.templateProblems = [];
    if (keyOf(templates) === keyOf(situation.templates)) return;
    situation.templates = templates;
    log.info({ templates: templates.map(({ name }) => name) }, 'templates are read');
  }

  #again(): void {
    if (this.#isStopped) return;
    this.#cancel = this.#parts.clock.after(LOOK_MILLISECONDS, () => {
      this.#reading = this.readNow().finally(() => this.#again());
    });
  }
}

function keyOf(templates: readonly Template[]): string {
  return JSON.stringify(templates);
}
