import { randomBytes } from 'node:crypto';
import type { DemoStage } from '../demo/demo-stage.ts';
import { engineUrl, findEngine } from './find-engine.ts';
import type { FoundEngine } from './find-engine.ts';

const PROGRESS_MILLISECONDS = 2000;

/** Opens the engine of this machine for the time of the demo, under a service id of its own. */
export function openEngine({ narrator, cleanUp }: DemoStage): Promise<FoundEngine> {
  return narrator.step('the Docker engine of this machine', async (fact) => {
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
  });
}
