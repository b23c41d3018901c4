import { repoRecordJson } from '../api/shaman-json.ts';
import type { DistroTable } from '../domain/distros.ts';
import type { ShamanRepo } from '../domain/shaman-repo.ts';
import type { RepoRecords } from '../shaman/ports.ts';

/** Repo records as JSON text, kept until they change: listings are asked for more often than that. */
export class RepoTexts {
  readonly #distros: DistroTable;
  readonly #kept = new Map<string, { readonly repo: ShamanRepo; readonly bytes: Uint8Array }>();

  constructor(repos: Pick<RepoRecords, 'watch'>, distros: DistroTable) {
    this.#distros = distros;
    repos.watch(({ before, after }) => {
      const isGone = after === undefined || after.status === 'deleted';
      if (isGone && before !== undefined) this.#kept.delete(before.chacraUrl);
    });
  }

  of(repo: ShamanRepo): Uint8Array {
    const kept = this.#kept.get(repo.chacraUrl);
    if (kept?.repo === repo) return kept.bytes;
    const bytes = Buffer.from(JSON.stringify(repoRecordJson(repo, this.#distros)));
    this.#kept.set(repo.chacraUrl, { repo, bytes });
    return bytes;
  }
}
