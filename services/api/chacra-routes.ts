import { REPO_ANSWER_ROUTES } from './repo-answer-routes.ts';
import { DISK_USE_ROUTE, PIN_ROUTES, RETENTION_ROUTES } from './retention-routes.ts';
import { FORMAT, HEALTH_ANSWERS, HELD_REFUSED, NAME_REFUSED, REFUSED } from './route-parts.ts';
import type { Route } from './route.ts';
import { WAIT_FOR_PUBLISH } from './waiting.ts';

const REPO = '/repos/{project}/{ref}/{sha1}/{distro}/{version}';
const ARCH = '/binaries/{project}/{ref}/{sha1}/{distro}/{version}/{arch}';
const MULTIPART = {
  'multipart/form-data':
    'field `file` (its file name is the name of the binary), optional field `force`',
};
const DIGESTS = {
  'X-Checksum-Sha256': 'hexadecimal; compared before anything is kept',
  'X-Checksum-Sha512': 'hexadecimal; compared before anything is kept',
  'Content-Digest': 'RFC 9530, sha-256 or sha-512; compared before anything is kept',
};
const INGEST_REFUSED = {
  ...REFUSED,
  400: 'a name, digest header or form that cannot be used, or an interrupted body',
  408: 'no byte came for too long',
  413: 'larger than chacra.maxUploadBytes',
  422: 'digest mismatch or malformed package; nothing was kept',
  507: 'the free-space reserve would be touched',
} as const;

function listing(path: string, summary: string, answer: string): Route {
  return {
    method: 'GET',
    path,
    summary,
    scope: null,
    answers: { 200: answer, 404: 'nothing there' },
  };
}

/** A listing whose names are parsed before anything is looked for. */
function strictListing(path: string, summary: string, answer: string): Route {
  const route = listing(path, summary, answer);
  return { ...route, answers: { ...route.answers, ...NAME_REFUSED } };
}

/** The routes of a repo stand below the version (flavor `default`) and below `flavors/{flavor}`. */
function repoRoutes(base: string) {
  return {
    get: strictListing(`${base}/`, 'A repository', 'Repo JSON'),
    set: {
      method: 'POST',
      path: `${base}/`,
      summary: 'Set the type of a repository, e.g. {"type": "raw"}',
      scope: 'upload',
      body: { 'application/json': 'RepoSettings' },
      answers: {
        200: 'Repo JSON',
        400: 'bad JSON, unknown key or wrong type, or a name that cannot be one',
        404: 'no such repo',
        ...REFUSED,
      },
    },
    remove: {
      method: 'DELETE',
      path: `${base}/`,
      summary: 'Delete a repository with its binaries; shaman is told',
      scope: 'upload',
      answers: { 204: 'deleted', 404: 'no such repo', ...NAME_REFUSED, ...REFUSED },
    },
    checkUpdate: {
      method: 'HEAD',
      path: `${base}/update`,
      summary: 'May I update? (chacractl asks first)',
      scope: 'upload',
      answers: { 200: 'yes', 404: 'no such repo', ...NAME_REFUSED, ...REFUSED },
    },
    update: {
      method: 'POST',
      path: `${base}/update`,
      summary:
        'Publish what was uploaded, now; `generation` of the answer is the one that will cover it',
      scope: 'upload',
      query: WAIT_FOR_PUBLISH,
      answers: { 200: 'Repo JSON', 404: 'no such repo', ...HELD_REFUSED, ...REFUSED },
    },
    checkRecreate: {
      method: 'HEAD',
      path: `${base}/recreate`,
      summary: 'May I recreate?',
      scope: 'upload',
      answers: { 200: 'yes', 404: 'no such repo', ...NAME_REFUSED, ...REFUSED },
    },
    recreate: {
      method: 'POST',
      path: `${base}/recreate`,
      summary:
        'Publish anew, from the packages themselves, even when nothing changed; clients see no gap',
      scope: 'upload',
      query: WAIT_FOR_PUBLISH,
      answers: { 200: 'Repo JSON', 404: 'no such repo', ...HELD_REFUSED, ...REFUSED },
    },
    extra: {
      method: 'POST',
      path: `${base}/extra`,
      summary: 'Replace the extra object of a repository',
      scope: 'upload',
      body: { 'application/json': 'RepoExtra' },
      answers: {
        200: 'Repo JSON',
        400: 'not a JSON object, or a name that cannot be one',
        404: 'no such repo',
        ...REFUSED,
      },
    },
    sourceList: {
      method: 'GET',
      path: `${base}/repo`,
      summary: 'The apt or yum source of this repository, ready to be saved',
      scope: null,
      query: {
        format: '`list` or `sources` (apt), `repo` (yum); default: list, repo',
        signed: '`1`: the client checks our signature',
      },
      answers: {
        200: 'text/plain',
        204: 'a raw repository has none',
        400: 'a name or format that cannot be, or nothing is signed here',
        404: 'no such repo',
      },
    },
  } as const satisfies Record<string, Route>;
}

function uploadRoutes(base: string) {
  return {
    upload: {
      method: 'POST',
      path: `${base}/`,
      summary: 'Upload a binary',
      scope: 'upload',
      body: MULTIPART,
      headers: DIGESTS,
      answers: {
        201: 'created',
        200: 'overwritten, or the same bytes were there',
        ...INGEST_REFUSED,
      },
    },
    list: strictListing(
      `${base}/`,
      'The binaries of an arch',
      'Binary JSON by name, sha512 included',
    ),
  } as const satisfies Record<string, Route>;
}

function binaryRoutes(base: string) {
  return {
    download: {
      method: 'GET',
      path: `${base}/{name}`,
      summary: 'Download a binary',
      scope: null,
      answers: {
        200: 'the bytes',
        206: 'a range',
        304: 'unchanged',
        404: 'nothing there',
        416: 'no such range',
        ...NAME_REFUSED,
      },
    },
    replace: {
      method: 'PUT',
      path: `${base}/{name}`,
      summary:
        'Upload a binary: multipart overwrites; a raw body (curl -T) needs force to replace other bytes',
      scope: 'upload',
      query: {
        force: '`1`: a raw body replaces other bytes',
        sha256: 'as X-Checksum-Sha256, for clients that have one set of headers for many files',
      },
      headers: {
        ...DIGESTS,
        'X-Attach':
          '`1`, with X-Checksum-Sha256 or `sha256` and no body: bytes that are here already',
      },
      body: { ...MULTIPART, 'application/octet-stream': 'the bytes' },
      answers: {
        201: 'created',
        200: 'overwritten, or the same bytes were there',
        404: 'X-Attach: no such bytes here',
        409: 'raw body: other bytes are there',
        ...INGEST_REFUSED,
      },
    },
    announce: {
      method: 'POST',
      path: `${base}/{name}`,
      summary: 'Record a binary by its metadata alone',
      scope: 'upload',
      body: { 'application/json': 'BinaryMetadata' },
      answers: {
        200: 'recorded',
        400: 'bad JSON, no name or one that cannot be, or it exists and force was not used',
        ...REFUSED,
      },
    },
    remove: {
      method: 'DELETE',
      path: `${base}/{name}`,
      summary: 'Delete a binary; with the last one the repository goes too',
      scope: 'upload',
      answers: { 204: 'deleted', 404: 'nothing there', ...NAME_REFUSED, ...REFUSED },
    },
  } as const satisfies Record<string, Route>;
}

/** Every filter of `/search/`: exact, but for `name-has`. */
export const SEARCH_FILTERS = [
  'project',
  'ref',
  'sha1',
  'distro',
  'distro_version',
  'arch',
  'flavor',
  'built_by',
  'size',
  'name',
  'name-has',
] as const;

/** Everything that a storage node answers. */
export const CHACRA_ROUTES = {
  root: listing(
    '/',
    'What there is here',
    'description, documentation, repos and binaries by project',
  ),
  health: {
    method: 'GET',
    path: '/health/',
    summary: 'Is this node fit to take uploads?',
    scope: null,
    answers: HEALTH_ANSWERS,
  },
  search: {
    method: 'GET',
    path: '/search/',
    summary: 'Binaries by their properties, all filters together',
    scope: null,
    query: {
      ...Object.fromEntries(SEARCH_FILTERS.map((filter) => [filter, 'exact'])),
      'name-has': 'part of the name',
      limit: 'at most so many, up to 10000 (default: all)',
      cursor: 'the X-Next-Cursor of the page before',
    },
    answers: {
      200: 'Binary JSON list ({} without any filter)',
      400: 'a value that cannot be',
      405: 'unknown filter',
    },
  },
  binaries: {
    projects: listing('/binaries/', 'Projects and their refs', '{project: [refs]}'),
    refs: listing('/binaries/{project}/', 'Refs and their sha1s', '{ref: [sha1s]}'),
    createProject: {
      method: 'POST',
      path: '/binaries/{project}/',
      summary: 'Create a project',
      scope: 'upload',
      answers: { 200: '{ref: [sha1s]}', ...NAME_REFUSED, ...REFUSED },
    },
    sha1s: listing('/binaries/{project}/{ref}/', 'Sha1s and their distros', '{sha1: [distros]}'),
    distros: listing(
      '/binaries/{project}/{ref}/{sha1}/',
      'Distros and their versions',
      '{distro: [versions]}',
    ),
    versions: listing(
      '/binaries/{project}/{ref}/{sha1}/{distro}/',
      'Versions and their archs',
      '{version: [archs]}',
    ),
    archs: listing(
      '/binaries/{project}/{ref}/{sha1}/{distro}/{version}/',
      'Archs and their binaries',
      '{arch: [names]}',
    ),
    flavors: strictListing(`${ARCH}/flavors/`, 'Flavors and their binaries', '{flavor: [names]}'),
    plain: uploadRoutes(ARCH),
    flavored: uploadRoutes(`${ARCH}/flavors/{flavor}`),
    plainBinary: binaryRoutes(ARCH),
    flavoredBinary: binaryRoutes(`${ARCH}/flavors/{flavor}`),
  },
  repos: {
    projects: listing('/repos/', 'Projects and their refs', '{project: [refs]}'),
    refs: listing('/repos/{project}/', 'Refs and their sha1s', '{ref: [sha1s]}'),
    sha1s: listing('/repos/{project}/{ref}/', 'Sha1s and their distros', '{sha1: [distros]}'),
    distros: listing(
      '/repos/{project}/{ref}/{sha1}/',
      'Distros and their versions',
      '{distro: [versions]}',
    ),
    versions: listing('/repos/{project}/{ref}/{sha1}/{distro}/', 'Versions', '[versions]'),
    flavors: listing(`${REPO}/flavors/`, 'Flavors', '[flavors]'),
    plain: repoRoutes(REPO),
    flavored: repoRoutes(`${REPO}/flavors/{flavor}`),
  },
  published: {
    method: 'GET',
    path: '/r/{path}',
    summary: 'Published repositories and directory pages, for apt, dnf, zypper and people',
    scope: null,
    answers: {
      200: 'the bytes',
      206: 'a range',
      304: 'unchanged',
      404: 'nothing there',
      416: 'no such range',
    },
  },
  blobs: {
    known: {
      method: 'POST',
      path: '/api/v1/blobs/known',
      summary: 'Which of these bytes are here already: attach them instead of sending them again',
      scope: 'upload',
      body: { 'text/plain': 'one sha256 in hexadecimal on each line' },
      answers: {
        200: 'those that are here, one on each line',
        400: 'a line that is no sha256',
        ...REFUSED,
      },
    },
    uses: {
      method: 'GET',
      path: '/api/v1/blobs/{sha256}',
      summary:
        'Where some bytes are used: the binaries that are them, the generations that name them',
      scope: null,
      query: FORMAT,
      answers: {
        200: 'Blob JSON; "stored": false when they are lost',
        400: 'no sha256 in the path, or an unknown parameter',
        404: 'neither here nor named by anything',
      },
    },
  },
  answers: REPO_ANSWER_ROUTES,
  retention: RETENTION_ROUTES,
  pins: PIN_ROUTES,
  diskUse: DISK_USE_ROUTE,
  key: listing(
    '/api/v1/key.asc',
    'The public key that repositories are signed with',
    'application/pgp-keys',
  ),
  openapi: listing('/api/v1/openapi.json', 'This document', 'OpenAPI 3.1'),
  metrics: listing('/metrics', 'Metrics', 'Prometheus text'),
} as const;
