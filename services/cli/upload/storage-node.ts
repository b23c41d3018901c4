import { LONGEST_WAIT_SECONDS } from '../../api/waiting.ts';
import { encodeSegment, repoPath } from '../../domain/identity.ts';
import type { RepoIdentity } from '../../domain/identity.ts';
import { codeOf, jsonObject, refusal } from './answers.ts';
import type { Answered, Asked, HttpClient } from './http-client.ts';
import { fileChunks } from './local-file.ts';
import type { DigestedFile, LocalFile } from './local-file.ts';
import { Problem } from './problem.ts';
import type { Retries } from './retries.ts';

const WHO = 'the storage node';

/** Where binaries go: one arch of one repository. */
export interface UploadPlace {
  readonly identity: RepoIdentity;
  readonly arch: string;
}

/** What became of bytes that the node was said to have. */
export type Attached = 'attached' | 'already there' | 'other bytes' | 'unknown';

/** What is asked of a repository after an upload. */
export interface RepoState {
  readonly status: string;
  readonly reason: string | null;
  readonly generation: number;
  readonly liveGeneration: number | null;
  readonly unpublished: number;
  readonly url: string;
}

/** A storage node as an uploader sees it, for one place. */
export class StorageNode {
  readonly url: string;
  readonly #client: HttpClient;
  readonly #retries: Retries;
  readonly #repo: string;
  readonly #binaries: string;

  /** `url` ends in a slash. */
  constructor(url: string, place: UploadPlace, client: HttpClient, retries: Retries) {
    this.url = url;
    this.#client = client;
    this.#retries = retries;
    const { identity, arch } = place;
    const { flavor } = identity;
    this.#repo = `${url}repos/${repoPath(identity)}/`;
    const above = repoPath(identity).slice(0, -`/flavors/${encodeSegment(flavor)}`.length);
    this.#binaries = `${url}binaries/${above}/${encodeSegment(arch)}/flavors/${encodeSegment(flavor)}/`;
  }

  get repoUrl(): string {
    return this.#repo;
  }

  /** Which of these bytes need not be sent. */
  async known(sha256s: readonly string[]): Promise<ReadonlySet<string>> {
    const answered = await this.#ask({
      method: 'POST',
      url: `${this.url}api/v1/blobs/known`,
      headers: { 'Content-Type': 'text/plain' },
      body: sha256s.map((sha256) => `${sha256}\n`).join(''),
    });
    if (answered.status === 404) {
      throw new Problem(
        `${this.url} is no storage node of gitbuilder`,
        'Look at what --chacra says.',
      );
    }
    if (answered.status !== 200) throw refusal(WHO, answered);
    return new Set(answered.text.split('\n'));
  }

  /** Puts bytes that the node has under a name. */
  async attach(file: DigestedFile, force: boolean): Promise<Attached> {
    const answered = await this.#ask(this.#attaching(file, force));
    const attached = readAttached(answered);
    if (attached === null) throw refusal(WHO, answered);
    return attached;
  }

  /** Sends the bytes of a file; `other bytes` when the name has some that are not to be replaced. */
  async send(
    file: DigestedFile,
    options: { readonly force: boolean; readonly sent: (bytes: number) => void },
  ): Promise<'uploaded' | 'other bytes'> {
    const { force, sent } = options;
    const answered = await this.#retries.run(async (attempt) => {
      if (attempt > 0) {
        // The answer was lost perhaps, and not the bytes.
        const again = await this.#client.send(this.#attaching(file, false));
        if (again.status !== 404 && again.status !== 409) return again;
      }
      return this.#client.send({
        method: 'PUT',
        url: this.#urlOf(file, force),
        headers: {
          'Content-Type': 'application/octet-stream',
          'X-Checksum-Sha256': file.sha256,
        },
        body: { size: file.size, chunks: () => counted(file, sent) },
      });
    });
    if (answered.status === 200 || answered.status === 201) return 'uploaded';
    if (answered.status === 409) return 'other bytes';
    throw refusal(WHO, answered);
  }

  /** Whether a name is taken, by whatever bytes. */
  async has(file: LocalFile): Promise<boolean> {
    const answered = await this.#ask({ method: 'HEAD', url: this.#urlOf(file, false) });
    return answered.status !== 404;
  }

  /** Sends bytes of which no digest is known yet, once; whether the node took them. */
  async trySending(file: LocalFile, chunks: () => AsyncIterable<Uint8Array>): Promise<boolean> {
    const headers = { 'Content-Type': 'application/octet-stream' };
    const body = { size: file.size, chunks };
    const asked = { method: 'PUT', url: this.#urlOf(file, false), headers, body } as const;
    return this.#client.send(asked).then(
      ({ status }) => status === 200 || status === 201,
      () => false,
    );
  }

  /**
   * Asks for a publish, and waits for it so long; `generation` of the answer is the one that will
   * cover what was uploaded.
   */
  async update(waitSeconds: number): Promise<RepoState> {
    const seconds = Math.min(Math.floor(waitSeconds), LONGEST_WAIT_SECONDS);
    const query = seconds > 0 ? `?wait=${seconds}` : '';
    return readRepo(await this.#ask({ method: 'POST', url: `${this.#repo}update${query}` }));
  }

  async repo(): Promise<RepoState> {
    return readRepo(await this.#ask({ method: 'GET', url: this.#repo }));
  }

  #ask(asked: Asked): Promise<Answered> {
    return this.#retries.run(() => this.#client.send(asked));
  }

  #attaching(file: DigestedFile, force: boolean): Asked {
    const headers = { 'X-Attach': '1', 'X-Checksum-Sha256': file.sha256 };
    return { method: 'PUT', url: this.#urlOf(file, force), headers };
  }

  #urlOf({ name }: LocalFile, force: boolean): string {
    return `${this.#binaries}${encodeSegment(name)}/${force ? '?force=1' : ''}`;
  }
}

function readRepo(answered: Answered): RepoState {
  if (answered.status !== 200) throw refusal(WHO, answered);
  const fields = jsonObject(answered.text) ?? {};
  const text = (key: string) => (typeof fields[key] === 'string' ? fields[key] : null);
  const number = (key: string) => (typeof fields[key] === 'number' ? fields[key] : null);
  return {
    status: text('status') ?? 'unknown',
    reason: text('reason'),
    generation: number('generation') ?? 0,
    liveGeneration: number('live_generation'),
    unpublished: number('unpublished') ?? 0,
    url: text('url') ?? '',
  };
}

function readAttached(answered: Answered): Attached | null {
  switch (answered.status) {
    case 201:
      return 'attached';
    case 200:
      return 'already there';
    case 409:
      return 'other bytes';
    case 404:
      return codeOf(answered) === 'BLOB_UNKNOWN' ? 'unknown' : null;
    default:
      return null;
  }
}

async function* counted(
  file: DigestedFile,
  sent: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of fileChunks(file)) {
    yield chunk;
    sent(chunk.length);
  }
}
