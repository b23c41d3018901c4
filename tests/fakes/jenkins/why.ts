import { parseLabel, printLabel } from './label.ts';
import { idleExecutors, labelOf, places, placesOf } from './nodes-of-label.ts';
import { isAtLeast } from './world.ts';
import type { Item, Refusal, World } from './world.ts';

/** Languages that were recorded. */
export type Language = 'en' | 'de';

const PARTS_SHOWN = 5;

/** What the queue says about an item, in the language that the caller asked for. */
export function why(world: World, item: Item, language: Language): string {
  const say = wordsOf(world, language);
  const now = world.clock.now().getTime();
  if (item.state === 'waiting')
    return now >= item.quietUntil ? say.finishedWaiting : say.quiet(item.quietUntil - now);
  if (item.state === 'blocked') {
    const running = item.task.kind === 'job' ? item.task.job.builds.find((b) => b.building) : null;
    return say.inProgress(running?.number ?? 0);
  }
  if (world.quieting) return say.shutDown;
  // Without any node Jenkins does not look at the label at all.
  const label = world.nodes.size === 0 ? null : labelOf(item);
  const composite = () => parts(world, item.refusals ?? [], say);
  if (label === null)
    return item.refusals !== null && idleExecutors(places(world)) > 0 ? composite() : say.waiting;
  const own = placesOf(world, label);
  const [only] = own;
  const normal = printLabel(parseLabel(label));
  if (!own.some(({ online }) => online)) {
    if (only === undefined) return say.noNodes(normal);
    return own.length === 1 ? say.offline(only.name) : say.allOffline(normal);
  }
  if (item.refusals !== null && idleExecutors(own) > 0) return composite();
  return say.waitingOn(own.length === 1 && only !== undefined ? only.name : normal);
}

/** `stuck` of the queue JSON: at once without an online node for the label, else after a day without an estimate. */
export function isStuck(world: World, item: Item): boolean {
  if (item.state !== 'buildable') return false;
  const label = labelOf(item);
  if (label !== null && !placesOf(world, label).some(({ online }) => online)) return true;
  return world.clock.now().getTime() - item.buildableSince > 24 * 3_600_000;
}

function parts(world: World, refusals: readonly Refusal[], say: Words): string {
  const texts = [...new Set(refusals.map((refused) => part(refused, say)))].sort();
  // Since 2.542, read in its source.
  if (!isAtLeast(world.version, '2.542') || texts.length <= PARTS_SHOWN) return texts.join('; ');
  const more = texts.length - PARTS_SHOWN;
  return `${texts.slice(0, PARTS_SHOWN).join('; ')}; ... and ${more} more`;
}

function part(refused: Refusal, say: Words): string {
  switch (refused.kind) {
    case 'label':
      return say.noLabel(refused.node, printLabel(parseLabel(refused.label)));
    case 'reserved':
      return say.reserved(refused.node);
    case 'offline':
      return say.offline(refused.node);
    case 'other':
      return refused.text;
  }
}

type Words = ReturnType<typeof wordsOf>;

function wordsOf(world: World, language: Language) {
  // Names of nodes stand in quotes since some version between 2.107 and 2.222.
  const node = (name: string) => (isAtLeast(world.version, '2.222') ? `‘${name}’` : name);
  const english = {
    quiet: (left: number) => `In the quiet period. Expires in ${span(left)}`,
    finishedWaiting: 'Finished waiting',
    inProgress: (number: number) => `Build #${number} is already in progress (ETA: N/A)`,
    shutDown: 'Jenkins is about to shut down',
    waiting: 'Waiting for next available executor',
    waitingOn: (on: string) => `Waiting for next available executor on ${node(on)}`,
    noNodes: (label: string) => `There are no nodes with the label ‘${label}’`,
    allOffline: (label: string) => `All nodes of label ‘${label}’ are offline`,
    offline: (name: string) => `${node(name)} is offline`,
    noLabel: (name: string, label: string) => `‘${name}’ doesn’t have label ‘${label}’`,
    reserved: (name: string) => `‘${name}’ is reserved for jobs with matching label expression`,
  };
  if (language === 'en') return english;
  return {
    ...english,
    quiet: (left: number) =>
      `In Ruhe-Periode. Endet in ${span(left).replace('sec', 'Sekunden').replace('min', 'Minuten')}`,
    inProgress: (number: number) => `Build #${number} ist bereits in Arbeit (ETA: nicht verfügbar)`,
    waiting: 'Warte auf den nächsten freien Build-Prozessor',
    waitingOn: (on: string) => `Warte auf den nächsten freien Build-Prozessor auf ${on}`,
    noNodes: (label: string) => `Es gibt keine Knoten mit dem Label „${label}“`,
    allOffline: (label: string) => `Alle Knoten des Labels „${label}“ sind offline`,
    offline: (name: string) => `${name} ist offline`,
    reserved: (name: string) =>
      `„${name}“ ist für Projekte mit passendem Label-Ausdruck reserviert`,
  };
}

/** `9 min 53 sec`, `28 sec`, `4.9 sec`, `0.87 sec`, `88 ms`. */
function span(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds >= 60) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} sec`;
  if (seconds >= 10) return `${Math.floor(seconds)} sec`;
  if (seconds >= 1) return `${Math.floor(seconds * 10) / 10} sec`;
  if (milliseconds >= 100) return `${Math.floor(seconds * 100) / 100} sec`;
  return `${milliseconds} ms`;
}
