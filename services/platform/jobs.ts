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
  const task = schedule(times, run, { name, noOverlap: true });
  return {
    async destroy() {
      await task.destroy();
    },
  };
}
