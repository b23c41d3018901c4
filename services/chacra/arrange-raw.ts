import type { LeftOut } from '../domain/repo.ts';
import type { Arranged, Candidate, TakenPath } from './arrangement.ts';
import { leftOut, PlacedFiles } from './place-files.ts';

/** A raw repo holds its files as they were uploaded, one folder for each arch. */
export function arrangeRaw(candidates: readonly Candidate[], taken: TakenPath): Arranged {
  const placed = new PlacedFiles(taken);
  const incomplete: LeftOut[] = [];
  for (const { pick } of candidates) {
    if (pick.blob === null) incomplete.push(leftOut(pick, 'only its metadata was uploaded'));
    else placed.place(pick.arch, pick.name, pick, pick.blob);
  }
  return { packages: placed.sorted(), shadowed: [], superseded: [], incomplete };
}
