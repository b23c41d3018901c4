import { join } from 'node:path';
import type { FileWriter } from '../platform/file-writer.ts';
import { openJournal } from '../platform/journal.ts';
import type { Journal } from '../platform/journal.ts';
import { readOrDamaged } from './read-or-damaged.ts';

/**
 * A journal in two files: while what the full one holds is put into documents, changes go to the
 * other. Then the full one is emptied and waits for its turn.
 */
export class TwoJournals {
  #active: Journal;
  #resting: Journal;

  constructor(active: Journal, resting: Journal) {
    this.#active = active;
    this.#resting = resting;
  }

  /** Length of the file that takes the changes. */
  get bytes(): number {
    return this.#active.bytes;
  }

  /** False while documents for the other file are still owed. */
  get canSwap(): boolean {
    return this.#resting.bytes === 0;
  }

  /** Resolves when all lines are durable; they stand in the file together or not at all. */
  async append(lines: readonly object[]): Promise<void> {
    await Promise.all(lines.map((line) => this.#active.append(line)));
  }

  /** Sends changes to the other file from now on. */
  swap(): void {
    [this.#active, this.#resting] = [this.#resting, this.#active];
  }

  /** Empties the file that takes no changes: documents hold what it held. */
  async emptyResting(): Promise<void> {
    await this.#resting.reset();
  }

  async close(): Promise<void> {
    await Promise.all([this.#active.close(), this.#resting.close()]);
  }
}

/**
 * Opens both files in a folder. A crash may have left both filled; then the one with the older lines
 * is emptied first: of a document that is gone, the newer lines must be there until the older are not.
 * Lines come oldest first.
 */
export async function openTwoJournals<L extends { readonly order: number }>(
  folder: string,
  parse: (line: unknown) => L,
  files: FileWriter,
): Promise<{ journals: TwoJournals; lines: readonly L[] }> {
  const open = (name: string) => {
    const path = join(folder, name);
    return readOrDamaged(path, async () => {
      const { journal, entries } = await openJournal(path, files);
      return { journal, lines: entries.map(parse) };
    });
  };
  const a = await open('changes-a.journal');
  const b = await open('changes-b.journal');
  // Each file holds what came while the other was full: its lines are all older, or all newer.
  const isAOlder = firstOrder(a.lines) <= firstOrder(b.lines);
  const [older, newer] = isAOlder ? [a, b] : [b, a];
  const [active, resting] = newer.lines.length === 0 ? [older, newer] : [newer, older];
  return {
    journals: new TwoJournals(active.journal, resting.journal),
    lines: [...older.lines, ...newer.lines],
  };
}

/** That of a file without lines is newer than all others. */
function firstOrder([first]: readonly { readonly order: number }[]): number {
  return first?.order ?? Infinity;
}
