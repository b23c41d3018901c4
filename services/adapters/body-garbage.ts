import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const OFTEN_ENOUGH = 8 * 1024 * 1024;

/** V8's own function, of which only this form is used. */
type Collect = (options: { readonly type: 'minor' }) => void;

/**
 * Keeps the memory of a node that takes in large files small. What passed of a body is garbage at
 * once, but V8 counts only the small objects in front of its bytes and lets tens of megabytes gather;
 * asked after each few, it has nearly nothing to look at, which costs about 4 % of a stream's CPU. A
 * smaller young generation for the whole process (`--max-semi-space-size`) saves less and costs more.
 */
export class BodyGarbage {
  readonly #collect: Collect | null = findCollect();
  #bytes = 0;

  /** So many bytes of a body have passed. */
  passed(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < OFTEN_ENOUGH) return;
    this.#bytes = 0;
    this.#collect?.({ type: 'minor' });
  }
}

/** Null where V8 has no such function: then memory is larger, and nothing else is different. */
function findCollect(): Collect | null {
  setFlagsFromString('--expose-gc');
  const found: unknown = runInNewContext('globalThis.gc');
  // It is V8's function of that name or nothing.
  return typeof found === 'function' ? (found as Collect) : null;
}
