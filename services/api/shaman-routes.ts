import { BODY_REFUSED, HEALTH_ANSWERS, REFUSED } from './route-parts.ts';
import type { Route } from './route.ts';
import { QUESTION_ROUTES } from './shaman-question-routes.ts';

const BUILDS = '/api/builds/{project}';
const REPOS = '/api/repos/{project}';
const REPO = `${REPOS}/{ref}/{sha1}/{distro}/{version}`;

function listing(path: string, summary: string, answer: string): Route {
  return {
    method: 'GET',
    path,
    summary,
    scope: null,
    answers: { 200: answer, 404: 'unknown project' },
  };
}

/** Below `{sha1}`, which may be `latest`: the sha1 first seen last that has what the URL asks for. */
function below(path: string, summary: string, answer: string): Route {
  return {
    method: 'GET',
    path,
    summary,
    scope: null,
    answers: {
      200: `${answer}; empty for an unknown ref or sha1`,
      404: 'unknown project',
      504: '`latest`: nothing is ready',
    },
  };
}

/** Stands below the version (any flavor but `default` has its own path) and below `flavors/{flavor}`. */
function readyRoutes(base: string) {
  const answers = {
    302: 'to the storage node that has it',
    404: 'unknown project',
    504: 'nothing is ready',
  };
  return {
    sourceList: {
      method: 'GET',
      path: `${base}/repo`,
      summary: 'The apt or yum source of the newest ready repository; the text is also the body',
      scope: null,
      query: { arch: 'only a repository with this arch', text: '`1`: answer the text with 200' },
      answers: {
        ...answers,
        200: '?text=1: text/plain',
        204: '?text=1: a raw repository has none',
      },
    },
    files: {
      method: 'GET',
      path: `${base}/{arch}`,
      summary: 'The newest ready repository that has this arch',
      scope: null,
      answers,
    },
    file: {
      method: 'GET',
      path: `${base}/{arch}/{path}`,
      summary: 'A file of the newest ready repository that has this arch',
      scope: null,
      answers,
    },
  } as const satisfies Record<string, Route>;
}

/** Every filter of `/api/search/`. */
export const REPO_FILTERS = ['project', 'ref', 'sha1', 'flavor', 'status', 'distros'] as const;

/** Everything that the original answers, where it answers it. */
export const SHAMAN_ROUTES = {
  front: {
    method: 'GET',
    path: '/',
    summary: 'What this service is',
    scope: null,
    answers: { 200: 'description, documentation, where to look, and version, as JSON' },
  },
  root: listing('/api/', 'Projects', '{"repos": [projects]}'),
  health: {
    method: 'GET',
    path: '/_health/',
    summary: 'Is this coordinator fit to answer?',
    scope: null,
    answers: HEALTH_ANSWERS,
  },
  plainHealth: {
    method: 'GET',
    path: '/health/',
    summary: 'As /_health/',
    scope: null,
    answers: HEALTH_ANSWERS,
  },
  search: {
    method: 'GET',
    path: '/api/search/',
    summary: 'Repositories by their properties, all filters together, newest modified first',
    scope: null,
    query: {
      project: 'exact',
      ref: 'exact',
      sha1: 'exact; or `latest`: the one first seen last that has what is asked for',
      flavor: 'exact',
      status: 'exact',
      distros: 'distro/version-or-codename[/arch], several with commas: any of them',
    },
    answers: { 200: 'Repo JSON list', 400: 'unknown filter or malformed platform' },
  },
  repos: {
    projects: listing('/api/repos/', 'Projects', '{project: {"refs": [refs], "sha1s": [sha1s]}}'),
    refs: listing(`${REPOS}/`, 'Refs of a project', '[refs]'),
    record: {
      method: 'POST',
      path: `${REPOS}/`,
      summary: 'Take in what a storage node says of a repository',
      scope: 'node',
      body: { 'application/json': 'RepoEventBody' },
      answers: { 200: 'recorded, or known already', ...BODY_REFUSED },
    },
    sha1s: listing(`${REPOS}/{ref}/`, 'Sha1s of a ref', '[sha1s]; empty for an unknown ref'),
    distros: below(`${REPOS}/{ref}/{sha1}/`, 'Distros of a sha1', '[distros]'),
    versions: below(`${REPOS}/{ref}/{sha1}/{distro}/`, 'Versions of a distro', '[versions]'),
    list: below(`${REPO}/`, 'Repositories of flavor default, any status', 'Repo JSON list'),
    flavors: below(`${REPO}/flavors/`, 'Flavors', '[flavors]'),
    flavored: below(`${REPO}/flavors/{flavor}/`, 'Repositories of a flavor', 'Repo JSON list'),
    plainReady: readyRoutes(REPO),
    flavoredReady: readyRoutes(`${REPO}/flavors/{flavor}`),
  },
  builds: {
    projects: listing('/api/builds/', 'Projects and their refs', '{project: [refs]}'),
    refs: listing(`${BUILDS}/`, 'Refs of a project', '[refs]'),
    record: {
      method: 'POST',
      path: `${BUILDS}/`,
      summary: 'Take in what Jenkins says of a build',
      scope: 'upload',
      body: { 'application/json': 'BuildReportBody' },
      answers: { 200: 'recorded', ...BODY_REFUSED },
    },
    sha1s: listing(`${BUILDS}/{ref}/`, 'Sha1s of a ref', '[sha1s]; empty for an unknown ref'),
    list: listing(
      `${BUILDS}/{ref}/{sha1}/`,
      'Builds of a sha1, newest modified first',
      'Build JSON list; empty for an unknown ref or sha1',
    ),
  },
  nodes: {
    list: listing('/api/nodes/', 'Storage nodes', '{host: Node JSON}'),
    next: {
      method: 'GET',
      path: '/api/nodes/next',
      summary: 'The storage node to upload to: its URL, as plain text without a line break',
      scope: 'upload',
      query: {
        sha1: 'everything of one sha1 goes to one node',
        project: 'with sha1: the project, for placement rules',
        ref: 'with sha1: the ref, for placement rules',
      },
      answers: {
        200: 'text/plain',
        400: 'a sha1, project or ref that cannot be',
        404: 'no node is healthy',
        ...REFUSED,
      },
    },
    get: {
      method: 'GET',
      path: '/api/nodes/{host}/',
      summary: 'A storage node',
      scope: null,
      answers: { 200: 'Node JSON', 404: 'unknown node' },
    },
    register: {
      method: 'POST',
      path: '/api/nodes/{host}/',
      summary: 'A storage node says that it is there; `{host}` is host[:port] of its public URL',
      scope: 'node',
      body: { 'application/json': 'NodeReportBody' },
      answers: { 200: 'known', ...BODY_REFUSED },
    },
    drain: {
      method: 'POST',
      path: '/api/v1/nodes/{host}/drain',
      summary: 'Give a storage node nothing new; it keeps what it was assigned',
      scope: 'operate',
      answers: { 200: 'Node JSON', 404: 'unknown node', ...REFUSED },
    },
    resume: {
      method: 'POST',
      path: '/api/v1/nodes/{host}/resume',
      summary: 'Give a drained storage node new work again',
      scope: 'operate',
      answers: { 200: 'Node JSON', 404: 'unknown node', ...REFUSED },
    },
    weight: {
      method: 'PUT',
      path: '/api/v1/nodes/{host}/weight',
      summary: 'Set the share of new work that a storage node gets',
      scope: 'admin',
      body: { 'application/json': 'NodeWeightBody' },
      answers: { 200: 'Node JSON', 404: 'unknown node', ...BODY_REFUSED },
    },
    remove: {
      method: 'DELETE',
      path: '/api/nodes/{host}/',
      summary: 'Forget a storage node; what it stores stays on record',
      scope: 'admin',
      answers: { 204: 'forgotten', 404: 'unknown node', ...REFUSED },
    },
  },
  questions: QUESTION_ROUTES,
  openapi: listing('/api/v1/openapi.json', 'This document', 'OpenAPI 3.1'),
  metrics: listing('/metrics', 'Metrics', 'Prometheus text'),
} as const;
