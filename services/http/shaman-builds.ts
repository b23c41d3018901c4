import { buildRecordJson } from '../api/shaman-json.ts';
import { SHAMAN_ROUTES } from '../api/shaman-routes.ts';
import { BuildReportBody } from '../api/shaman-schemas.ts';
import { DEFAULT_FLAVOR } from '../domain/identity.ts';
import { parseRef, parseWord } from '../domain/names.ts';
import { parseWebAddress } from '../domain/web-address.ts';
import { json } from '../platform/answer.ts';
import type { Answer } from '../platform/answer.ts';
import { distinct, requireProject } from '../shaman/list-repos.ts';
import { recordBuild } from '../shaman/record-build.ts';
import type { Exchange } from './exchange.ts';
import { readJson } from './read-json.ts';
import type { Register } from './register.ts';
import { said } from './said-text.ts';
import type { ShamanContext } from './shaman-context.ts';

const ROUTES = SHAMAN_ROUTES.builds;

/** `/api/builds/…`: what Jenkins says of its builds. */
export function shamanBuildsRoutes(register: Register, context: ShamanContext): void {
  const { builds, commits, distros } = context;
  const refsOf = (project: string) =>
    distinct(builds.find({ project }), ({ identity }) => identity.ref);

  register(ROUTES.projects, () => {
    const known = [...commits.projects()].map((project) => [project, refsOf(project)] as const);
    return json(Object.fromEntries(known.filter(([, refs]) => refs.length > 0).sort()));
  });
  register(ROUTES.refs, ({ params }) => {
    const { project = '' } = params;
    requireProject(commits, project);
    return json(refsOf(project));
  });
  register(ROUTES.record, (exchange) => record(context, exchange));
  register(ROUTES.sha1s, ({ params }) => {
    const { project = '', ref = '' } = params;
    requireProject(commits, project);
    return json(distinct(builds.find({ project, ref }), ({ identity }) => identity.sha1));
  });
  register(ROUTES.list, ({ params }) => {
    const { project = '', ref = '', sha1 = '' } = params;
    requireProject(commits, project);
    const found = builds.find({ project, ref, sha1 });
    return json(found.map((build) => buildRecordJson(build, distros)));
  });
}

async function record(context: ShamanContext, exchange: Exchange): Promise<Answer> {
  const { params, tell } = exchange;
  const body = await readJson(exchange, BuildReportBody);
  const { ref, sha1, distro, distro_version, distro_arch, flavor, status } = body;
  tell({ ref, sha1, distro, distro_version, distro_arch, flavor, build_status: status });
  const word = (what: string, value: string | null | undefined) => {
    const text = said(value);
    return text === undefined ? null : parseWord(what, text);
  };
  const logUrl = said(body.log_url);
  await recordBuild(context, {
    identity: {
      project: parseWord('project', params['project'] ?? ''),
      ref: parseRef(body.ref),
      sha1: parseWord('sha1', body.sha1),
      flavor: word('flavor', body.flavor) ?? DEFAULT_FLAVOR,
      distro: word('distro', body.distro),
      distroVersion: word('distro version', body.distro_version),
      distroArch: word('arch', body.distro_arch),
    },
    url: parseWebAddress('url', body.url),
    status: body.status,
    logUrl: logUrl === undefined ? undefined : parseWebAddress('log_url', logUrl),
    buildId: said(body.build_id?.toString()),
    extra: body.extra ?? undefined,
  });
  return json({});
}
