import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startServer } from '../bench/server.ts';
import type { Server } from '../bench/server.ts';
import { debTarget, rpmTarget } from '../bench/target.ts';
import { Expected } from './expected.ts';
import { check } from './crash-check.ts';
import { work } from './crash-work.ts';
import { Violation } from './soak.ts';
import type { Soak } from './soak.ts';

const LONGEST_MILLISECONDS = 600;
const LONGEST_START_MILLISECONDS = 400;
const ROUNDS_PER_REPO = 15;
/** One start in so many is killed, too. */
const KILLED_STARTS = 6;

/**
 * Kills the server at a random moment of uploads, deletes and publishes, starts it again and holds
 * it to what it had acknowledged.
 */
export async function crash(soak: Soak, rounds: number): Promise<void> {
  const folder = soak.folder('crash');
  const start = (signal?: AbortSignal) =>
    startServer({ folder, signing: 'ed25519', ...(signal === undefined ? {} : { signal }) });
  let expected: readonly Expected[] = [];
  let operations = 0;
  for (let round = 0; round < rounds; round += 1) {
    if (round % ROUNDS_PER_REPO === 0) expected = newRepos(round / ROUNDS_PER_REPO);
    if (soak.random() < 1 / KILLED_STARTS) {
      await killedStart(start, soak.random() * LONGEST_START_MILLISECONDS);
    }
    const server = await start();
    nothingHalfDone(server);
    await check(soak, server, expected);
    const working = work(soak, server, expected);
    await pause(soak.random() * LONGEST_MILLISECONDS);
    await server.kill();
    operations += await working;
    if ((round + 1) % 10 === 0) {
      soak.say(`  ${round + 1} crashes, ${operations} acknowledged operations`);
    }
  }
  const server = await start();
  await check(soak, server, expected);
  await server.stop();
  if (operations === 0) throw new Violation('no operation was ever acknowledged');
}

function newRepos(number: number): readonly Expected[] {
  const sha1 = `c4a5${number.toString(16)}`;
  return [debTarget(`${sha1}d`), debTarget(`${sha1}e`), rpmTarget(`${sha1}f`)].map(
    (target) => new Expected(target),
  );
}

async function killedStart(
  start: (signal: AbortSignal) => Promise<Server>,
  milliseconds: number,
): Promise<void> {
  const controller = new AbortController();
  const starting = start(controller.signal);
  const outcome = starting.catch(() => null);
  await pause(milliseconds);
  controller.abort();
  await (await outcome)?.kill();
}

/** What an interrupted upload left is gone once the server is up. */
function nothingHalfDone(server: Server): void {
  const left = readdirSync(join(server.data, 'chacra', 'incoming'));
  if (left.length > 0) throw new Violation(`incoming holds ${left.join(', ')} after a start`);
}
