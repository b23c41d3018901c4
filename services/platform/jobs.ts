import { schedule } from 'node-cron';
import type { Log } from '../domain/log.ts';

/** Work that comes again at times of its own, never twice at once. */
export interface Job {
  destroy(): Promise<void>;
}

/** What goes wrong is logged and tried again at the next time. `times` is a cron expression. */
export function scheduleJob(
  log: Log,
  name: string,
  times: string,
  work: () => Promise<unknown>,
): Job {
  const run = async (): Promise<void> => {
    try {
      log.info({ job: name, result: await work() }, 'job done');
    } catch (cause) {
      log.error({ job: name, err: cause }, 'job failed');
    }
  };
  // Left alone, it writes to the console, for instance when a time comes while the work is under way.
  const said = (level: 'info' | 'warn' | 'error') => (message: string | Error) => {
    log[level]({ job: name }, message instanceof Error ? message.message : message);
  };
  const logger = {
    info: said('info'),
    warn: said('info'),
    error: said('error'),
    debug: () => undefined,
  };
  const task = schedule(times, run, { name, noOverlap: true, logger });
  return {
    async destroy() {
      await task.destroy();
    },
  };
}
