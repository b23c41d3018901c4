import type { GenerationDifference, PlacedPackage } from '../domain/generation-difference.ts';
import type { KeptGeneration } from '../domain/repo.ts';

/** What is told of one generation. */
interface GenerationFacts {
  readonly number: number;
  readonly made: string;
  readonly packages: number;
  readonly liveAs: number | null;
  readonly replaced: string | null;
  readonly ends: string | null;
  readonly kept: KeptGeneration | null;
}

/** A generation as its list shows it. */
export function generationJson(facts: GenerationFacts): object {
  const { number, made, packages, liveAs, replaced, ends, kept } = facts;
  return {
    number,
    live: liveAs !== null,
    live_as: liveAs,
    made,
    packages,
    replaced,
    ends,
    kept: kept === null ? null : { reason: kept.reason, by: kept.by, since: kept.since },
  };
}

/** The same for people and sh. */
export function generationLine(facts: GenerationFacts): string {
  const { number, made, packages, liveAs, replaced, ends, kept } = facts;
  const count = packages === 1 ? '1 package' : `${packages} packages`;
  const state =
    liveAs !== null
      ? `live as ${liveAs}`
      : `replaced ${replaced ?? ''}${ends === null ? '' : `, ends ${ends}`}`;
  const keep = kept === null ? '' : `, kept by ${kept.by}: ${kept.reason}`;
  return `generation ${number} made ${made}, ${count}, ${state}${keep}`;
}

/** What became of the packages between two generations. */
export function differenceJson(difference: GenerationDifference): object {
  const { from, to, added, removed, changed, unchanged } = difference;
  return {
    from,
    to,
    added: added.map(placedJson),
    removed: removed.map(placedJson),
    changed: changed.map(({ before, after }) => ({
      package: after.name,
      arch: after.arch,
      suite: after.suite === '' ? null : after.suite,
      before: versionJson(before),
      after: versionJson(after),
    })),
    unchanged,
  };
}

/** The same for people and sh, one package a line. */
export function differenceLines(difference: GenerationDifference): string[] {
  const { from, to, added, removed, changed, unchanged } = difference;
  const under = ({ suite }: PlacedPackage) => (suite === '' ? '' : ` under ${suite}`);
  const line = (word: string, one: PlacedPackage) =>
    `${word} ${[one.name, one.version, one.arch].filter((part) => part !== null).join(' ')}${under(one)}`;
  return [
    `from ${from} to ${to}: ${added.length} added, ${removed.length} removed, ${changed.length} changed, ${unchanged} unchanged`,
    ...added.map((one) => line('added', one)),
    ...removed.map((one) => line('removed', one)),
    ...changed.map(({ before, after }) => {
      const isSame = before.version === after.version;
      const news = isSame ? 'other bytes' : `${before.version ?? ''} -> ${after.version ?? ''}`;
      return `changed ${[after.name, after.arch].filter((part) => part !== null).join(' ')}${under(after)}: ${news}`;
    }),
  ];
}

function placedJson(one: PlacedPackage): object {
  const { name, arch, suite } = one;
  return { package: name, arch, suite: suite === '' ? null : suite, ...versionJson(one) };
}

function versionJson({ version, path, sha256 }: PlacedPackage) {
  return { version, path, sha256 };
}
