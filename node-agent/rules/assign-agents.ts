/**
 * Gives out places in groups: each asker says which groups serve it, best first, and each group has so
 * many places. As many as possible are served: one that has a choice makes room for one that has none
 * (augmenting paths). Answers the group of each asker, null for those that get nothing.
 */
export function assignPlaces(
  askers: readonly (readonly number[])[],
  places: readonly number[],
): (number | null)[] {
  const given: (number | null)[] = askers.map(() => null);
  const inside: number[][] = places.map(() => []);

  function place(asker: number, seen: Set<number>): boolean {
    for (const group of askers[asker] ?? []) {
      const occupants = inside[group];
      if (occupants === undefined || seen.has(group)) continue;
      seen.add(group);
      if (occupants.length < (places[group] ?? 0)) {
        occupants.push(asker);
        given[asker] = group;
        return true;
      }
      const moved = occupants.findIndex((occupant) => place(occupant, seen));
      if (moved < 0) continue;
      occupants[moved] = asker;
      given[asker] = group;
      return true;
    }
    return false;
  }

  askers.forEach((_, asker) => place(asker, new Set()));
  return given;
}
