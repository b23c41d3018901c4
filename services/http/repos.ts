import { CHACRA_ROUTES } from '../api/chacra-routes.ts';
import { RepoExtra, RepoSettings } from '../api/chacra-schemas.ts';
import { repoJson } from '../api/repo-json.ts';
import { deleteRepo } from '../chacra/delete-repo.ts';
import { acceptUpdate } from '../chacra/request-update.ts';
import { requireRepo } from '../chacra/require-repo.ts';
import type { AcceptedUpdate, UpdateKind } from '../chacra/request-update.ts';
import { setRepoExtra, setRepoType } from '../chacra/set-repo.ts';
import { sourceList } from '../chacra/source-list.ts';
import type { SourceListFormat } from '../chacra/source-list.ts';
import { GitbuilderError } from '../domain/errors.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { json } from '../platform/answer.ts';
import type { Answer } from '../platform/answer.ts';
import { acceptedJson, answerUpdate } from './accepted-update.ts';
import { identityOf } from './addresses.ts';
import type { ChacraContext } from './chacra-context.ts';
import type { Exchange } from './exchange.ts';
import { descend, missing, namesBelow } from './levels.ts';
import { readJson } from './read-json.ts';
import type { Register } from './register.ts';

const ROUTES = CHACRA_ROUTES.repos;

/** `/repos/…`: the repositories, what they are asked to do, and the source lists that clients take. */
export function reposRoutes(register: Register, context: ChacraContext): void {
  const { repos } = context;
  register(ROUTES.projects, () => json(namesBelow(repos.tree())));
  register(ROUTES.refs, ({ params }) => json(namesBelow(descend(repos, params).project)));
  register(ROUTES.sha1s, ({ params }) => json(namesBelow(descend(repos, params).ref)));
  register(ROUTES.distros, ({ params }) => json(namesBelow(descend(repos, params).sha1)));
  register(ROUTES.versions, ({ params }) => json([...descend(repos, params).distro.keys()]));
  register(ROUTES.flavors, ({ params }) => json([...descend(repos, params).version.keys()]));

  for (const routes of [ROUTES.plain, ROUTES.flavored]) {
    register(routes.get, ({ params, publicUrl }) =>
      json(repoJson(requireRepo(repos, identityOf(params)), publicUrl)),
    );
    register(routes.set, (exchange) => set(context, exchange));
    register(routes.remove, async ({ params }) => {
      await deleteRepo(context, identityOf(params));
      return { kind: 'empty', status: 204 };
    });
    register(routes.checkUpdate, ({ params }) => check(context, identityOf(params)));
    register(routes.checkRecreate, ({ params }) => check(context, identityOf(params)));
    for (const kind of ['update', 'recreate'] as const) {
      register(routes[kind], (exchange) =>
        answerUpdate(context, exchange, routes[kind], () => accept(context, exchange, kind)),
      );
    }
    register(routes.extra, async (exchange) => {
      const { params, publicUrl } = exchange;
      const identity = identityOf(params);
      requireRepo(repos, identity);
      const extra = await readJson(exchange, RepoExtra);
      return json(repoJson(await setRepoExtra(context, identity, extra), publicUrl));
    });
    register(routes.sourceList, (exchange) => source(context, exchange));
  }
}

function check({ repos }: ChacraContext, identity: RepoIdentity): Answer {
  requireRepo(repos, identity);
  return json({});
}

function accept(
  context: ChacraContext,
  { params }: Exchange,
  kind: UpdateKind,
): Promise<AcceptedUpdate> {
  const start = (identity: RepoIdentity) => context.queue.start(identity);
  return acceptUpdate({ ...context, start }, identityOf(params), kind);
}

/** The original re-labels rows here, which then lose their files; we take what changes nothing and refuse the rest. */
async function set(context: ChacraContext, exchange: Exchange): Promise<Answer> {
  const { params, publicUrl } = exchange;
  const identity = identityOf(params);
  requireRepo(context.repos, identity);
  const settings = await readJson(exchange, RepoSettings);
  const moves = [
    ['distro', settings.distro, identity.distro],
    ['distro_version', settings.distro_version, identity.distroVersion],
    ['ref', settings.ref, identity.ref],
  ] as const;
  for (const [key, wanted, is] of moves) {
    if (wanted === undefined || wanted === is) continue;
    throw new GitbuilderError('REQUEST_INVALID', {
      reason: `${key} of a repository cannot be changed: upload its binaries under the new one`,
    });
  }
  if (settings.type !== undefined) await setRepoType(context, identity, settings.type);
  if (settings.needs_update === true) {
    return json(acceptedJson(await accept(context, exchange, 'update'), publicUrl));
  }
  return json(repoJson(requireRepo(context.repos, identity), publicUrl));
}

const FORMATS: readonly SourceListFormat[] = ['list', 'sources', 'repo'];

function source({ repos, publicKeyArmored }: ChacraContext, exchange: Exchange): Answer {
  const { params, query, publicUrl } = exchange;
  const repo = requireRepo(repos, identityOf(params));
  const asked = query.get('format');
  const format = FORMATS.find((known) => known === asked) ?? null;
  if (asked !== null && format === null) {
    throw new GitbuilderError('REQUEST_INVALID', {
      reason: `format must be one of ${FORMATS.join(', ')}`,
    });
  }
  const signed = query.get('signed') === '1';
  const text = sourceList(repo, format, { publicUrl, signed, publicKeyArmored });
  if (text === null) return { kind: 'empty', status: 204 };
  return { kind: 'text', body: text };
}

/** The public key, or why there is none. */
export function keyRoute(register: Register, { publicKeyArmored }: ChacraContext): void {
  register(CHACRA_ROUTES.key, () => {
    if (publicKeyArmored === null) throw missing('a signing key (none is configured)');
    return { kind: 'text', body: publicKeyArmored, type: 'application/pgp-keys' };
  });
}
