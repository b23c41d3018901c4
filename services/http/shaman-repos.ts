import { SHAMAN_ROUTES } from '../api/shaman-routes.ts';
import { RepoEventBody } from '../api/shaman-schemas.ts';
import { codenameOf } from '../domain/distros.ts';
import { GitbuilderError } from '../domain/errors.ts';
import { DEFAULT_FLAVOR, encodeSegment } from '../domain/identity.ts';
import { parseWord } from '../domain/names.ts';
import type { ShamanRepo } from '../domain/shaman-repo.ts';
import { sourceText } from '../domain/source-text.ts';
import { parseFolderAddress } from '../domain/web-address.ts';
import { json } from '../platform/answer.ts';
import type { Answer } from '../platform/answer.ts';
import { findReady } from '../shaman/find-ready.ts';
import type { RepoAddress } from '../shaman/find-ready.ts';
import { distinct, listProjects, reposBelow, requireProject } from '../shaman/list-repos.ts';
import { recordRepoEvent } from '../shaman/record-repo-event.ts';
import type { Exchange } from './exchange.ts';
import { missing } from './levels.ts';
import { readJson } from './read-json.ts';
import type { Register } from './register.ts';
import { sendList } from './send-list.ts';
import { said } from './said-text.ts';
import type { ShamanContext } from './shaman-context.ts';

const ROUTES = SHAMAN_ROUTES.repos;

type Params = Readonly<Record<string, string>>;

/** `/api/repos/…`: what storage nodes say of their repositories, and where the ready ones are. */
export function shamanReposRoutes(register: Register, context: ShamanContext): void {
  const { repos, commits, texts } = context;
  const names = (params: Params, of: (repo: ShamanRepo) => string): Answer =>
    json(distinct(reposBelow(context, addressOf(params)), of));
  const list = ({ params, response }: Exchange, flavor: string) => {
    const found = reposBelow(context, { ...addressOf(params), flavor });
    return sendList(response, found, (repo) => texts.of(repo));
  };

  register(ROUTES.projects, () =>
    json(
      Object.fromEntries(
        listProjects(context).map(({ project, refs, sha1s }) => [project, { refs, sha1s }]),
      ),
    ),
  );
  register(ROUTES.refs, ({ params }) => {
    const { project = '' } = params;
    requireProject(commits, project);
    return json(distinct(repos.find({ project }), ({ identity }) => identity.ref));
  });
  register(ROUTES.record, (exchange) => record(context, exchange));
  register(ROUTES.sha1s, ({ params }) => {
    const { project = '', ref = '' } = params;
    requireProject(commits, project);
    return json(distinct(repos.find({ project, ref }), ({ identity }) => identity.sha1));
  });
  register(ROUTES.distros, ({ params }) => names(params, ({ identity }) => identity.distro));
  register(ROUTES.versions, ({ params }) =>
    names(params, ({ identity }) => identity.distroVersion),
  );
  register(ROUTES.list, (exchange) => list(exchange, DEFAULT_FLAVOR));
  register(ROUTES.flavors, ({ params }) => names(params, ({ identity }) => identity.flavor));
  register(ROUTES.flavored, (exchange) => list(exchange, exchange.params['flavor'] ?? ''));
  for (const routes of [ROUTES.plainReady, ROUTES.flavoredReady]) {
    register(routes.sourceList, (exchange) => sourceList(context, exchange));
    register(routes.files, (exchange) => files(context, exchange));
    register(routes.file, (exchange) => files(context, exchange));
  }
}

/** `…/repo`, with what was asked of the list (`format`, `signed`): the 302 carries the text itself, for people forget `-L`; those who follow ignore it. */
export function sourceList(context: ShamanContext, { params, query }: Exchange): Answer {
  const arch = query.get('arch') ?? undefined;
  const repo = findReadyIn(context, { ...readyAddressOf(params), arch });
  const { project, distro, distroVersion } = repo.identity;
  const codename = codenameOf(context.distros, distro, distroVersion);
  const type = repo.type ?? (codename === null ? 'rpm' : 'deb');
  const suite = codename ?? distroVersion;
  const hasText = type !== 'raw' && repo.url !== '';
  const body = hasText ? sourceText({ project, distro, suite, type, url: repo.url }) : '';
  if (query.get('text') === '1') {
    return hasText ? { kind: 'text', body } : { kind: 'empty', status: 204 };
  }
  const rest = new URLSearchParams([...query].filter(([name]) => name !== 'arch'));
  const asked = rest.size === 0 ? '' : `?${rest.toString()}`;
  const headers = { Location: `${repo.chacraUrl}repo${asked}` };
  return { kind: 'text', status: 302, body, headers };
}

/** `…/{arch}` and below it: the files of the newest ready repository that has the arch. */
export function files(context: ShamanContext, { params }: Exchange): Answer {
  const { arch, path = '' } = params;
  const repo = findReadyIn(context, { ...readyAddressOf(params), arch });
  if (repo.url === '') throw new GitbuilderError('NOT_READY', { repo: repo.chacraUrl });
  const segments = path.split('/');
  // Clients resolve these, and would leave the repository.
  if (segments.some((segment) => segment === '.' || segment === '..')) throw missing(path);
  const rest = segments.map(encodeSegment).join('/');
  return { kind: 'redirect', location: `${repo.url}${rest}` };
}

function findReadyIn(context: ShamanContext, address: RepoAddress): ShamanRepo {
  requireProject(context.commits, address.project);
  return findReady(context, address);
}

function readyAddressOf(params: Params): RepoAddress {
  return { ...addressOf(params), flavor: params['flavor'] ?? DEFAULT_FLAVOR };
}

function addressOf(params: Params): RepoAddress {
  const { project = '', ref = '', sha1 = '', distro, version } = params;
  return { project, ref, sha1, distro, version };
}

async function record(context: ShamanContext, exchange: Exchange): Promise<Answer> {
  const { params, tell } = exchange;
  const body = await readJson(exchange, RepoEventBody);
  tell({ chacra_url: body.chacra_url, repo_status: body.status, sequence: body.sequence });
  const url = said(body.url);
  await recordRepoEvent(context, {
    project: params['project'] ?? '',
    chacraUrl: parseFolderAddress('chacra_url', body.chacra_url),
    status: body.status,
    ref: said(body.ref),
    sha1: said(body.sha1),
    distro: said(body.distro),
    distroVersion: said(body.distro_version),
    flavor: said(body.flavor),
    url: url === undefined ? undefined : parseFolderAddress('url', url),
    extra: body.extra ?? undefined,
    archs: body.archs?.map((arch) => parseWord('arch', arch)),
    type: body.type ?? undefined,
    reason: said(body.reason),
    sequence: body.sequence ?? undefined,
    generation: body.generation ?? undefined,
    liveGeneration: body.live_generation ?? undefined,
  });
  return json({});
}
