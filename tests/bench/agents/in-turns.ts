/** Runs it so many times, so many of them side by side; it is told which one it is. */
export async function inTurns(
  count: number,
  atOnce: number,
  run: (number: number) => Promise<unknown> | undefined,
): Promise<void> {
  let next = 0;
  const line = async () => {
    while (next < count) {
      next += 1;
      await run(next);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, line));
}
