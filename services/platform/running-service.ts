import type { Clock } from '../domain/clock.ts';
import { GitbuilderError } from '../domain/errors.ts';
import type { Log } from '../domain/log.ts';
import { reasonOf } from '../domain/reason.ts';
import type { User } from './auth.ts';
import { makeFolder } from './durable-file.ts';
import { lockFolder } from './folder-lock.ts';
import type { Configuration } from './settings.ts';

/** What every service is started with. */
export interface ServiceOptions {
  readonly configuration: Configuration;
  readonly users: readonly User[];
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
}

/** A service that runs; `url` ends in a slash. */
export interface RunningService {
  readonly url: string;
  /** Lets what is under way end, then leaves its data folder to others. */
  stop(): Promise<void>;
}

/** Starts a service on a data folder that is its own for as long as it runs. */
export async function startOnFolder(
  folder: string,
  start: () => Promise<RunningService>,
): Promise<RunningService> {
  await makeDataFolder(folder);
  const lock = await lockFolder(folder);
  try {
    const running = await start();
    return {
      url: running.url,
      async stop() {
        try {
          await running.stop();
        } finally {
          lock.release();
        }
      },
    };
  } catch (cause) {
    lock.release();
    throw cause;
  }
}

/** Makes the folder that everything is kept in; DATA_FOLDER_UNFIT where there can be none. */
export async function makeDataFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new GitbuilderError('DATA_FOLDER_UNFIT', { folder, reason }, { cause });
  }
}
