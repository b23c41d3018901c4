import { finished } from 'node:stream';
import type { Readable } from 'node:stream';
import type { Take } from '../chacra/ports.ts';

/**
 * Gives each chunk of a stream to whoever takes it, in the moment when it comes: an iteration would make
 * promises for every one of them. The stream stands still while `take` wants to be waited for. It rejects
 * with what `take` failed with, or with what `broken` makes of the stream's own failure; nothing is taken
 * after that, and nothing is still being taken.
 */
export function flow(source: Readable, take: Take, broken: (cause: Error) => Error): Promise<void> {
  return new Promise((resolve, reject) => {
    let taking: Promise<void> | null = null;
    const stop = (failure: unknown) => {
      source.off('data', onData);
      reject(failure instanceof Error ? failure : new Error(String(failure)));
    };
    const onData = (chunk: Buffer) => {
      try {
        taking = take(chunk);
      } catch (cause) {
        stop(cause);
        return;
      }
      if (taking === null) return;
      source.pause();
      taking.then(() => {
        taking = null;
        source.resume();
      }, stop);
    };
    // It listens for good: what fails once may fail again, and nobody shall be surprised by that.
    finished(source, { writable: false }, (cause) => {
      const end = () => (cause instanceof Error ? stop(broken(cause)) : resolve());
      if (taking === null) end();
      else taking.then(end, stop);
    });
    source.on('data', onData);
  });
}
