import { randomBytes } from 'node:crypto';
import type { CleanUp } from '../demo/clean-up.ts';
import type { Narrator } from '../demo/narrator.ts';
import { engineUrl, findEngine } from './find-engine.ts';
import type { FoundEngine } from './find-engine.ts';

const PROGRESS_MILLISECONDS = 2000;
const STEP = 'the Docker engine of this machine';

/** Opens the engine of this machine for the time of the demo, under a service id of its own. */
export function openEngine(narrator: Narrator, cleanUp: CleanUp): Promise<FoundEngine> {
  return narrator.step(STEP, (fact) => open(narrator, cleanUp, fact));
}

/** The same, where the demo goes on without one. */
export function engineIfAny(narrator: Narrator, cleanUp: CleanUp): Promise<FoundEngine | null> {
  return narrator.step(STEP, async (fact) => {
    try {
      return await open(narrator, cleanUp, fact);
    } catch (cause) {
      const [reason = ''] = String(cause instanceof Error ? cause.message : cause).split('\n');
      fact(`not used, and agents are folders of this machine: ${reason}`);
      return null;
    }
  });
}

async function open(
  narrator: Narrator,
  cleanUp: CleanUp,
  fact: (text: string) => void,
): Promise<FoundEngine> {
  const service = `demo-${randomBytes(4).toString('hex')}`;
  let last = 0;
  // Of the hundreds of lines of a pull, now and then one, so that one sees it going on.
  const told = (progress: string): void => {
    if (Date.now() - last < PROGRESS_MILLISECONDS) return;
    last = Date.now();
    narrator.say(`    ${progress}`);
  };
  const found = await findEngine(engineUrl(process.env), service, told);
  cleanUp.add(() => Promise.resolve(found.engine.close()));
  fact(`Docker ${found.version} at ${found.engine.url}; containers reach us at ${found.gateway}`);
  return found;
}
