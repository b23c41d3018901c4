import type { Bench } from './row.ts';
import { duration } from './statistics.ts';

/**
 * Runs several contestants in turn, so that what disturbs the machine disturbs them all alike, and
 * answers the seconds of each. The order turns round with every round.
 */
export async function interleaved<Name extends string>(
  { runs, say }: Pick<Bench, 'runs' | 'say'>,
  contestants: Readonly<Record<Name, (round: number) => Promise<number>>>,
  print: (figure: number) => string = duration,
): Promise<Record<Name, number[]>> {
  const entries = Object.entries<(round: number) => Promise<number>>(contestants);
  const figures = new Map(entries.map(([name]) => [name, [] as number[]]));
  for (let round = 0; round < runs; round += 1) {
    const order = round % 2 === 0 ? entries : [...entries].reverse();
    const said: string[] = [];
    for (const [name, contestant] of order) {
      const figure = await contestant(round);
      figures.get(name)?.push(figure);
      said.push(`${name} ${print(figure)}`);
    }
    say(`  run ${round + 1}: ${said.join(', ')}`);
  }
  // fromEntries forgets that the names are those of the contestants.
  return Object.fromEntries(figures) as Record<Name, number[]>;
}
