import type { BuiltPackage } from './build-packages.ts';
import type { DemoProject } from './demo-project.ts';
import type { DemoServices } from './demo-services.ts';

/** A published repository of the demo. */
export interface DemoRepo {
  readonly distro: string;
  readonly version: string;
  /** Ends in "/": JSON of the repository, and `…repo` its source list. */
  readonly chacraUrl: string;
}

/** The requests that a build makes, as curl would make them. */
export class DemoClient {
  readonly #services: DemoServices;
  readonly #project: DemoProject;
  readonly #signal: AbortSignal;

  constructor(services: DemoServices, project: DemoProject, signal: AbortSignal) {
    this.#services = services;
    this.#project = project;
    this.#signal = signal;
  }

  async nextNode(): Promise<string> {
    const { name, ref, sha1 } = this.#project;
    const query = new URLSearchParams({ sha1, project: name, ref }).toString();
    return this.#text('GET', `${this.#services.shaman}api/nodes/next/?${query}`);
  }

  async upload(node: string, built: BuiltPackage): Promise<DemoRepo> {
    const { name, ref, sha1 } = this.#project;
    const place = `${name}/${ref}/${sha1}/${built.distro}/${built.version}`;
    const path = `${place}/${built.arch}/flavors/default/${encodeURIComponent(built.file)}`;
    await this.#text('PUT', `${node}binaries/${path}/`, built.bytes);
    const chacraUrl = `${node}repos/${place}/flavors/default/`;
    return { distro: built.distro, version: built.version, chacraUrl };
  }

  async update(repo: DemoRepo): Promise<void> {
    await this.#text('POST', `${repo.chacraUrl}update`);
  }

  /** Tells shaman of the build of a platform, as its Jenkins job would. */
  async reportBuild(built: BuiltPackage, status: 'started' | 'completed'): Promise<void> {
    const { name, ref, sha1 } = this.#project;
    const url = `https://jenkins.example.org/job/${name}/${built.distro}/1/`;
    const report = {
      ref,
      sha1,
      flavor: 'default',
      status,
      url,
      log_url: `${url}consoleFull`,
      build_id: '1',
      distro: built.distro,
      distro_version: built.version,
      distro_arch: built.arch,
      extra: {},
    };
    const body = JSON.stringify(report);
    await this.#text('POST', `${this.#services.shaman}api/builds/${name}/`, body);
  }

  /** "Is it built?", held until it is. */
  isBuilt(platforms: string): Promise<string> {
    const { name, sha1 } = this.#project;
    return this.#ask('matrix', { project: name, sha1, platforms, wait: '60' });
  }

  /** "What is the latest I can use?" */
  latest(platforms: string): Promise<string> {
    const { name, ref } = this.#project;
    return this.#ask('latest', { project: name, ref, platforms });
  }

  async sourceList(
    repo: DemoRepo,
    format: 'sources' | 'list' | 'repo',
  ): Promise<{ url: string; text: string }> {
    const url = `${repo.chacraUrl}repo?format=${format}&signed=1`;
    return { url, text: await this.#text('GET', url) };
  }

  #ask(what: 'matrix' | 'latest', query: Record<string, string>): Promise<string> {
    const asked = new URLSearchParams({ ...query, format: 'text' }).toString();
    return this.#text('GET', `${this.#services.shaman}api/v1/${what}?${asked}`);
  }

  async #text(method: string, url: string, body?: Uint8Array | string): Promise<string> {
    const response = await fetch(url, {
      method,
      signal: this.#signal,
      headers: {
        Authorization: this.#services.authorization,
        ...(typeof body === 'string' ? { 'Content-Type': 'application/json' } : {}),
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${text}`);
    return text;
  }
}
