/**
 * Works through items a bounded number at a time. After a failure it begins no more, and rejects when
 * nothing is under way any more: who cleans up then, or tries again, must not meet what went on.
 */
export async function inParallel<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  // One iterator for all lanes: each takes the next item as soon as it is free.
  const queue = items[Symbol.iterator]();
  let failed = false;
  const lane = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true && !failed; next = queue.next()) {
      await work(next.value).catch((cause: unknown) => {
        failed = true;
        throw cause;
      });
    }
  };
  const lanes = Array.from({ length: limit }, lane);
  await Promise.allSettled(lanes);
  await Promise.all(lanes);
}
