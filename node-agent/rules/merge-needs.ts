import type { Demand } from './demand.ts';
import type { QueueItem } from './jenkins-facts.ts';
import { parseLabel, printLabel } from './label.ts';
import { wishOf } from './queue-wish.ts';
import type { KnownNode, Wish } from './queue-wish.ts';

/** One agent that is needed now, whoever said so. */
export interface Need {
  /** A label expression, or the name of a template in place of it. */
  readonly wish: Extract<Wish, { kind: 'label' | 'template' }>;
  readonly hint: string | null;
  readonly build: string | null;
  readonly demand: string | null;
  readonly item: number | null;
  /** Since when; milliseconds since 1970. */
  readonly since: number;
}

/** An item of the queue, what it wants, and the demand that speaks for it. */
export interface QueueLine {
  readonly item: QueueItem;
  readonly wish: Wish;
  readonly demand: Demand | null;
}

export interface Merged {
  /** Oldest first. */
  readonly needs: readonly Need[];
  readonly lines: readonly QueueLine[];
}

/** An item, and the label that it wants in a form to compare: made once, for each is held against many. */
interface Wished {
  readonly item: QueueItem;
  readonly wish: Wish;
  readonly form: string | null;
}

/**
 * Makes one need of what a step announced and what Jenkins' queue shows: within each build, demands and
 * waiting blocks are paired one to one, those of equal labels first. A pair counts once, with the
 * demand's label; a demand without an item counts (its block is about to queue); an item without a
 * demand counts if its label can be read.
 */
export function mergeNeeds(
  demands: readonly Demand[],
  items: readonly QueueItem[],
  nodes: ReadonlyMap<string, KnownNode>,
): Merged {
  const wished = items.map((item) => withForm({ item, wish: wishOf(item, nodes) }));
  const forms = new Map(demands.map((demand) => [demand, normal(demand.label)]));
  const asksFor = ({ form }: Wished, demand: Demand) => form !== null && form === forms.get(demand);
  const paired = new Map<QueueItem, Demand>();
  const open = new Set(demands);
  const pair = (fits: (demand: Demand, line: Wished) => boolean): void => {
    for (const line of wished) {
      if (line.wish.kind === 'nothing' || paired.has(line.item)) continue;
      const demand = first(open, (candidate) => fits(candidate, line));
      if (demand === undefined) continue;
      open.delete(demand);
      paired.set(line.item, demand);
    }
  };
  const isOfBuild = (demand: Demand, { item }: Wished) =>
    item.task.kind === 'block' && demand.build === item.task.path;
  pair((demand, line) => isOfBuild(demand, line) && asksFor(line, demand));
  // One that names another label is a block of its own.
  pair((demand, line) => isOfBuild(demand, line) && line.wish.kind !== 'label');
  pair((demand, line) => demand.build === null && asksFor(line, demand));

  const lines = wished.map(({ item, wish }) => ({ item, wish, demand: paired.get(item) ?? null }));
  const needs = [...lines.flatMap(needOfLine), ...[...open].map((demand) => needOf(demand, null))];
  return { needs: needs.sort((a, b) => a.since - b.since), lines };
}

function needOfLine({ item, wish, demand }: QueueLine): Need[] {
  if (demand !== null) return [needOf(demand, item)];
  if (wish.kind !== 'label' && wish.kind !== 'template') return [];
  const build = item.task.kind === 'block' ? item.task.path : null;
  return [{ wish, hint: null, build, demand: null, item: item.id, since: item.inQueueSince }];
}

function needOf(demand: Demand, item: QueueItem | null): Need {
  return {
    wish: { kind: 'label', label: demand.label },
    hint: demand.hint,
    build: demand.build,
    demand: demand.id,
    item: item?.id ?? null,
    since: Date.parse(demand.created),
  };
}

function withForm(line: Pick<Wished, 'item' | 'wish'>): Wished {
  return { ...line, form: line.wish.kind === 'label' ? normal(line.wish.label) : null };
}

function first<T>(all: Iterable<T>, fits: (one: T) => boolean): T | undefined {
  for (const one of all) if (fits(one)) return one;
  return undefined;
}

/** Jenkins prints labels in its own form; what it cannot read is a name by itself. */
function normal(text: string): string {
  const label = parseLabel(text);
  return label === null ? text : printLabel(label);
}
