import type { LocalEngine } from '../../../node-agent/engine-main.ts';
import { listImages } from '../../../node-agent/images-main.ts';
import { ownRecipes } from '../agent-images.ts';
import type { CleanUp } from '../demo/clean-up.ts';
import { hasTool } from '../demo/run-tool.ts';
import { busyboxRoot, whyNoBusybox } from './busybox-image.ts';

/** What agents are made from. */
export interface AgentImage {
  readonly name: string;
  /** What connects: a jar under the image's own java, or a script that stands in for both. */
  readonly runs: 'jar' | 'script';
}

/** Small, everywhere known, and all that the script needs. */
const PUBLIC_IMAGE = 'busybox:stable';
const OWN_BUSYBOX = 'gitbuilder-demo/busybox';
const OWN_PREFIX = 'gitbuilder-agent';

/**
 * The image for agents: the one that was named; else one of `gitbuilder agents images build`; else this machine's
 * busybox, for which no registry is needed; else a public one. What is brought is removed at the end.
 */
export async function agentImage(
  engine: LocalEngine,
  named: string | null,
  cleanUp: CleanUp,
  fact: (text: string) => void,
): Promise<AgentImage> {
  if (named !== null) {
    if (!hasTool('javac')) {
      throw new Error(
        'an image of yours needs javac here, for the jar that stands in for agent.jar (apt-get install default-jdk-headless)',
      );
    }
    await bring(engine, named, cleanUp, fact);
    fact(`${named}, as you say; it needs a shell and Java`);
    return { name: named, runs: 'jar' };
  }
  const made = hasTool('javac') ? await madeImages(engine) : [];
  if (made[0] !== undefined) {
    fact(`${made[0]}, of \`gitbuilder agents images build\``);
    return { name: made[0], runs: 'jar' };
  }
  const reason = await whyNoBusybox();
  if (reason === null) {
    const name = `${OWN_BUSYBOX}:${engine.service}`;
    cleanUp.add(() => engine.removeImage(name));
    await engine.importImage(OWN_BUSYBOX, engine.service, await busyboxRoot());
    fact(`${name}, made of this machine's busybox, without any registry`);
    return { name, runs: 'script' };
  }
  fact(`${reason} (package busybox-static): ${PUBLIC_IMAGE} of Docker Hub instead`);
  await bring(engine, PUBLIC_IMAGE, cleanUp, fact);
  return { name: PUBLIC_IMAGE, runs: 'script' };
}

/** Those of our own recipes that the engine has. */
async function madeImages(engine: LocalEngine): Promise<readonly string[]> {
  const order = { folder: ownRecipes(), engine: engine.url, prefix: OWN_PREFIX };
  const images = await listImages(order);
  return images.filter(({ state }) => state !== 'missing').map(({ image }) => image);
}

async function bring(
  engine: LocalEngine,
  image: string,
  cleanUp: CleanUp,
  fact: (text: string) => void,
): Promise<void> {
  if (await engine.hasImage(image)) return;
  fact(`${image} is fetched`);
  await engine.pullImage(image);
  cleanUp.add(() => engine.removeImage(image));
}
