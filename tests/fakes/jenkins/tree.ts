/** A `tree` parameter: names, each with what is wanted below it; `*` is all of one level. */
export type Tree = ReadonlyMap<string, Tree | null>;

/** Reads `items[id,why,task[name]]`. */
export function parseTree(text: string): Tree {
  let at = 0;
  const names = (): Tree => {
    const tree = new Map<string, Tree | null>();
    while (at < text.length && text[at] !== ']') {
      const name = /[^[\],]*/.exec(text.slice(at))?.[0] ?? '';
      at += name.length;
      let below: Tree | null = null;
      if (text[at] === '[') {
        at += 1;
        below = names();
        at += 1;
      }
      tree.set(name.trim(), below);
      if (text[at] === ',') at += 1;
    }
    return tree;
  };
  return names();
}

/** What a tree leaves of an answer; `_class` always stays, what is not there is left out. */
export function prune(value: unknown, tree: Tree): unknown {
  if (Array.isArray(value)) return value.map((each) => prune(each, tree));
  if (typeof value !== 'object' || value === null) return value;
  const kept: [string, unknown][] = [];
  for (const [key, below] of Object.entries(value)) {
    if (key === '_class') {
      kept.push([key, below]);
      continue;
    }
    if (!tree.has(key) && !tree.has('*')) continue;
    const wanted = tree.get(key) ?? null;
    kept.push([key, wanted === null ? shallow(below) : prune(below, wanted)]);
  }
  return Object.fromEntries(kept);
}

/** A name without brackets is its value; of an object that is its class alone. */
function shallow(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shallow);
  if (typeof value !== 'object' || value === null) return value;
  return '_class' in value ? { _class: value._class } : {};
}
