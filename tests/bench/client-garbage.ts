import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Collects what this process has left over. It has just sent hundreds of megabytes, and V8 looks
 * through all of them when it likes: for ten milliseconds and more, on both cores, in which it would
 * hear late of what a server has long done.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  // It is V8's function of that name, whose answer nobody needs.
  const collect = runInNewContext('gc') as () => void;
  collect();
}
